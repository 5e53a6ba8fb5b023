// Services behind a proxy, and the names that they have.
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Settings } from "effect-deployers"
import * as AllowedHosts from "../../../src/Server/Http/AllowedHosts.js"
import * as Forwarded from "../../../src/Server/Http/Forwarded.js"
import { key, raw, request, served, statusOf } from "../Harness.js"
import { weather } from "../Pipelines.js"

const get = (path: string, headers: ReadonlyArray<string>) =>
  raw([[`GET ${path} HTTP/1.1`, ...headers, "Connection: close", "", ""].join("\r\n")])

const invocation = JSON.stringify({ parameters: { city: "Oslo" } })
const start = (headers: Record<string, string>) =>
  request("/invoke", {
    method: "POST",
    body: invocation,
    headers: { "content-type": "application/json", prefer: "respond-async", ...headers }
  })

describe("a service behind a trusted proxy", () => {
  layer(served(weather, { serving: { trustedProxies: ["loopback"] } }), { excludeTestServices: true })((it) => {
    it.effect("puts the path that the proxy took off in front of locations", () =>
      Effect.gen(function* () {
        const { headers, json } = yield* start({ "x-forwarded-prefix": "/apps/weather/" })
        assert.strictEqual(headers.get("location"), `/apps/weather/runs/${json.runId}`)
        const keyed = yield* start({ "x-forwarded-prefix": "/apps/weather", "idempotency-key": "one" })
        assert.strictEqual(keyed.headers.get("location"), `/apps/weather/runs/${keyed.json.runId}`)
      })
    )
    it.effect("refers to itself with that path in its document and pages", () =>
      Effect.gen(function* () {
        const behind = { headers: { "x-forwarded-prefix": "/apps/weather" } }
        const document = yield* request("/openapi.json", behind)
        assert.deepStrictEqual(document.json["servers"], [{ url: "/apps/weather" }])
        assert.include((yield* request("/docs", behind)).text, "/apps/weather/openapi.json")
        assert.include((yield* request("/", behind)).text, "/apps/weather/invoke")
        assert.notInclude((yield* request("/docs")).text, "/apps/weather")
      })
    )
    it.effect("F42 G11: takes no text for a path that could leave a page or a header", () =>
      Effect.gen(function* () {
        for (const prefix of ['/"><script>', "//evil.example", "https://evil.example", "/a/../b?c"]) {
          const { headers, json } = yield* start({ "x-forwarded-prefix": prefix })
          assert.strictEqual(headers.get("location"), `/runs/${json.runId}`, prefix)
        }
      })
    )
  })
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("G12: has to be named: the headers of others are ignored", () =>
      Effect.gen(function* () {
        const { headers, json } = yield* start({ "x-forwarded-prefix": "/apps/weather" })
        assert.strictEqual(headers.get("location"), `/runs/${json.runId}`)
      })
    )
  })
})

describe("the caller behind proxies", () => {
  const read = Forwarded.reader(["10.0.0.0/8", "fd00::/8", "192.0.2.7"])
  const callerOf = (remoteAddress: string, chain?: string) =>
    read({ headers: chain === undefined ? {} : { "x-forwarded-for": chain }, socket: { remoteAddress } }).address

  it("is the last address that is not a trusted proxy", () => {
    assert.strictEqual(callerOf("10.1.2.3", "203.0.113.9"), "203.0.113.9")
    assert.strictEqual(callerOf("10.1.2.3", "1.1.1.1, 203.0.113.9, 192.0.2.7"), "203.0.113.9")
    assert.strictEqual(callerOf("::ffff:10.1.2.3", "203.0.113.9:4711"), "203.0.113.9")
    assert.strictEqual(callerOf("fd00::1", "[2001:db8::1]:443"), "2001:db8::1")
  })
  it("G12: is the peer when the peer is a stranger, or sends no chain", () => {
    assert.strictEqual(callerOf("203.0.113.9", "10.0.0.1"), "203.0.113.9")
    assert.strictEqual(callerOf("10.1.2.3"), "10.1.2.3")
    assert.strictEqual(callerOf("10.1.2.3", ""), "10.1.2.3")
  })
  it("is the first one when all are trusted", () => {
    assert.strictEqual(callerOf("10.1.2.3", "10.9.9.9, 10.8.8.8"), "10.9.9.9")
  })
})

describe("the names of a service", () => {
  it("are exact, or all below a domain", () => {
    const check = AllowedHosts.make(["api.example.com", "*.Weather.example"], false)
    for (const host of [
      "api.example.com",
      "API.example.com:8443",
      "a.weather.example",
      "a.b.weather.example",
      "127.0.0.1:1"
    ]) {
      assert.isUndefined(check(host), host)
    }
    for (const host of ["example.com", "weather.example", "evilweather.example", "api.example.com.evil.example"]) {
      assert.match(check(host) ?? "", /allowedHosts/, host)
    }
  })

  layer(served(weather, { serving: { allowedHosts: ["api.example.com"] } }), { excludeTestServices: true })((it) => {
    it.effect("open a service without a key on this machine to a proxy that keeps the host", () =>
      Effect.gen(function* () {
        assert.strictEqual(statusOf(yield* get("/runs", ["Host: api.example.com"])), 200)
        const refused = yield* get("/runs", ["Host: rebound.example"])
        assert.strictEqual(statusOf(refused), 400)
        assert.include(refused, "allowedHosts")
      })
    )
    it.effect("do not matter to health", () =>
      Effect.gen(function* () {
        assert.strictEqual(statusOf(yield* get("/health", ["Host: 172.17.0.2:8000"])), 200)
      })
    )
  })
  layer(served(weather, { key, serving: { allowedHosts: ["api.example.com"], trustedProxies: ["loopback"] } }), {
    excludeTestServices: true
  })((it) => {
    it.effect("concern the host that the caller asked the proxy for, also with a key", () =>
      Effect.gen(function* () {
        const keyed = ["Host: upstream", `Authorization: Bearer ${key}`]
        assert.strictEqual(statusOf(yield* get("/runs", [...keyed, "X-Forwarded-Host: api.example.com"])), 200)
        assert.strictEqual(statusOf(yield* get("/runs", [...keyed, "X-Forwarded-Host: other.example"])), 400)
        assert.strictEqual(statusOf(yield* get("/runs", keyed)), 400)
      })
    )
  })
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("G25: are those of this machine by default where there is no key", () =>
      Effect.gen(function* () {
        const refused = yield* get("/runs", ["Host: api.example.com"])
        assert.strictEqual(statusOf(refused), 400)
        assert.include(refused, "allowedHosts")
      })
    )
  })
})

describe("the settings", () => {
  const decode = Schema.decodeUnknownEither(Settings.Serving)
  it("accept addresses, subnets and names", () => {
    const trustedProxies = ["loopback", "10.0.0.7", "10.0.0.0/8", "::1", "fd00::/8", "::ffff:10.0.0.1"]
    const allowedHosts = ["api.example.com", "*.example.com", "localhost", "[::1]", "10.0.0.1"]
    assert.strictEqual(decode({ trustedProxies, allowedHosts })._tag, "Right")
  })
  it("refuse the rest with a remedy", () => {
    for (const proxy of ["nginx", "10.0.0.0/33", "300.1.1.1", "10.0.0.1/", "::1/129", "10.0.0.1/8/8", ""]) {
      assert.include(String(decode({ trustedProxies: [proxy] })), "must be an address such as", proxy)
    }
    for (const host of ["https://api.example.com", "api.example.com:80", "*", "*.", "a b", ""]) {
      assert.include(String(decode({ allowedHosts: [host] })), "must be a host name without scheme and port", host)
    }
  })
})

// Headers that settings put on every response: CORS, and those that make browsers careful.
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { Settings } from "effect-deployers"
import type { Serve } from "effect-deployers/Server"
import { invoke, key, type Reply, raw, request, served } from "../Harness.js"
import { weather } from "../Pipelines.js"

const origin = "https://app.example.com"
const from = (headers: Record<string, string> = {}) => ({ headers: { origin, ...headers } })
const authorized = { authorization: `Bearer ${key}` }

const preflight = (path: string, headers: Record<string, string> = {}) =>
  request(path, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", ...headers }
  })

/** Each kind of response, by the part of the service that writes it. */
const responses: ReadonlyArray<
  readonly [what: string, status: number, ask: Effect.Effect<Reply, never, Serve.Served>]
> = [
  ["a run", 200, invoke({ city: "Oslo" }, {}, from(authorized))],
  ["a large run", 200, invoke({ city: "x".repeat(3_000) }, {}, from({ ...authorized, "accept-encoding": "gzip" }))],
  ["a typed failure", 404, invoke({ city: "Atlantis" }, {}, from(authorized))],
  ["a bug", 500, invoke({ city: "Bug" }, {}, from(authorized))],
  ["parameters that do not fit", 400, invoke({ city: 1 }, {}, from(authorized))],
  ["a run without a key", 401, invoke({ city: "Oslo" }, {}, from())],
  ["a stream", 200, invoke({ city: "Oslo" }, {}, from({ ...authorized, accept: "text/event-stream" }))],
  ["an accepted run", 202, invoke({ city: "Oslo" }, {}, from({ ...authorized, prefer: "respond-async" }))],
  ["a repeatable run", 200, invoke({ city: "Oslo" }, {}, from({ ...authorized, "idempotency-key": "a" }))],
  ["the list of runs", 200, request("/runs", from(authorized))],
  ["health", 200, request("/health", from())],
  ["info", 200, request("/info", from())],
  ["the document", 200, request("/openapi.json", from({ "accept-encoding": "gzip" }))],
  ["the page", 200, request("/", from())],
  ["a path that is not there", 404, request("/nope", from())],
  ["another method", 405, request("/invoke", { method: "DELETE", ...from(authorized) })]
]

describe("CORS", () => {
  const cors = { origins: [origin, "http://localhost:5173"], credentials: true, maxAgeMillis: 60_000 }
  layer(served(weather, { key, serving: { cors } }), { excludeTestServices: true })("of exact origins", (it) => {
    it.effect("lets their pages read every response, those of errors included", () =>
      Effect.gen(function* () {
        for (const [what, status, ask] of responses) {
          const { headers, status: found } = yield* ask
          assert.strictEqual(found, status, what)
          assert.strictEqual(headers.get("access-control-allow-origin"), origin, what)
          assert.strictEqual(headers.get("access-control-allow-credentials"), "true", what)
          assert.include(headers.get("access-control-expose-headers") ?? "", "Location", what)
          assert.match(headers.get("vary") ?? "", /\bOrigin\b/, what)
        }
      })
    )
    it.effect("keeps what else the response varies with", () =>
      Effect.gen(function* () {
        for (const ask of [
          request("/openapi.json", from()),
          invoke({ city: "x".repeat(3_000) }, {}, from(authorized))
        ]) {
          const { headers } = yield* ask
          const names = (headers.get("vary") ?? "").split(", ").map((name) => name.toLowerCase())
          assert.deepStrictEqual(names.sort(), ["accept-encoding", "origin"])
        }
      })
    )
    it.effect("lets no other page read one, and says that responses differ", () =>
      Effect.gen(function* () {
        for (const other of ["https://evil.example", `${origin}.evil.example`, "null", "http://app.example.com"]) {
          for (const ask of [
            invoke({ city: "Oslo" }, {}, { headers: { ...authorized, origin: other } }),
            request("/info", { headers: { origin: other } })
          ]) {
            const { headers } = yield* ask
            assert.isNull(headers.get("access-control-allow-origin"), other)
            assert.isNull(headers.get("access-control-allow-credentials"), other)
            assert.match(headers.get("vary") ?? "", /\bOrigin\b/, other)
          }
        }
      })
    )
    it.effect("answers a preflight without a key, on every path", () =>
      Effect.gen(function* () {
        for (const path of ["/invoke", "/runs", "/runs/some/cancel", "/info", "/elsewhere"]) {
          const { headers, status, text } = yield* preflight(path)
          assert.deepStrictEqual([status, text], [204, ""], path)
          assert.strictEqual(headers.get("access-control-allow-origin"), origin)
          assert.include(headers.get("access-control-allow-methods") ?? "", "POST")
          assert.include(headers.get("access-control-allow-headers") ?? "", "Authorization")
          assert.strictEqual(headers.get("access-control-max-age"), "60")
          assert.strictEqual(headers.get("vary"), "Origin")
        }
        const { headers, status } = yield* preflight("/invoke", { origin: "https://evil.example" })
        assert.deepStrictEqual([status, headers.get("access-control-allow-origin")], [204, null])
        assert.isNull(headers.get("access-control-allow-methods"))
      })
    )
    it.effect("asks for the key for any other OPTIONS", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* request("/invoke", { method: "OPTIONS", ...from() })).status, 401)
        assert.strictEqual((yield* request("/invoke", { method: "OPTIONS" })).status, 401)
      })
    )
  })
  layer(served(weather, { serving: { cors: { origins: ["*"], headers: [], exposedHeaders: [] } } }), {
    excludeTestServices: true
  })("of any origin", (it) => {
    it.effect("names none", () =>
      Effect.gen(function* () {
        const { headers } = yield* invoke({ city: "Oslo" }, {}, from())
        assert.strictEqual(headers.get("access-control-allow-origin"), "*")
        assert.deepStrictEqual([headers.get("vary"), headers.get("access-control-expose-headers")], [null, null])
        assert.strictEqual((yield* preflight("/invoke")).headers.get("access-control-allow-origin"), "*")
      })
    )
  })
  layer(served(weather, { key }), { excludeTestServices: true })("by default", (it) => {
    it.effect("is off", () =>
      Effect.gen(function* () {
        const { headers } = yield* invoke({ city: "Oslo" }, {}, from(authorized))
        assert.isNull(headers.get("access-control-allow-origin"))
        assert.isNull(headers.get("vary"))
        assert.strictEqual((yield* preflight("/invoke")).status, 401)
      })
    )
  })

  const decode = Schema.decodeUnknownEither(Settings.Serving, { errors: "all" })
  const refused: ReadonlyArray<readonly [cors: unknown, remedy: string]> = [
    [{ origins: ["*"], credentials: true }, "must be exact origins"],
    [{ origins: ["*", origin] }, "list it alone"],
    [{ origins: [] }, 'leave "cors" out'],
    [{ origins: ["https://app.example.com/"] }, "without a path"],
    [{ origins: ["https://App.example.com"] }, "lower-case"],
    [{ origins: ["app.example.com"] }, "such as"],
    [{ origins: ["https://app.example.com:443"] }, "as browsers send it"],
    [{ origins: ["null"] }, "as browsers send it"],
    [{ origins: [origin], headers: ["*"] }, '"*" is not one'],
    [{ origins: [origin], methods: ["GET POST"] }, "must be the name of a method"],
    [{ origins: [origin], maxAgeMillis: -1 }, "maxAgeMillis"]
  ]
  it.each(refused)("refuses %j", (cors, remedy) => {
    const message = Either.match(decode({ cors }), { onLeft: String, onRight: () => "accepted" })
    assert.include(message, remedy)
    assert.include(message, '["cors"]')
  })
  it.each(["tauri://localhost", "capacitor://localhost", "https://xn--bcher-kva.example", "http://[::1]:3000"])(
    "knows the origin %s",
    (other) => assert.isTrue(Either.isRight(decode({ cors: { origins: [other], credentials: true } })))
  )
})

describe("secure headers", () => {
  const names = {
    server: "server",
    strictTransportSecurity: "strict-transport-security",
    frameOptions: "x-frame-options",
    contentTypeOptions: "x-content-type-options",
    contentSecurityPolicy: "content-security-policy",
    referrerPolicy: "referrer-policy",
    cacheControl: "cache-control",
    permissionsPolicy: "permissions-policy"
  } as const
  type Name = keyof typeof names
  const all = Object.keys(names) as ReadonlyArray<Name>
  const each = <A>(value: A) => Object.fromEntries(all.map((name) => [name, value])) as { readonly [N in Name]: A }
  const kinds = [
    invoke({ city: "Oslo" }),
    invoke({ city: 1 }),
    invoke({ city: "Oslo" }, {}, { headers: { accept: "text/event-stream" } }),
    request("/runs"),
    request("/nope")
  ]
  const valuesOf = ({ headers }: Reply) => Object.fromEntries(all.map((name) => [name, headers.get(names[name])]))
  const usual = {
    ...each(null),
    cacheControl: "no-store",
    contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
    contentTypeOptions: "nosniff",
    referrerPolicy: "no-referrer"
  }
  const on = {
    ...usual,
    server: "effect-deployers",
    strictTransportSecurity: "max-age=63072000; includeSubDomains",
    frameOptions: "DENY",
    permissionsPolicy: "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
  }
  const rows: ReadonlyArray<
    readonly [what: string, settings: Settings.ServingInput["secureHeaders"], expected: object]
  > = [
    ["nothing", undefined, usual],
    ["true", each(true), on],
    ["false", each(false), each(null)],
    ["a text", each("my value"), each("my value")]
  ]
  for (const [what, secureHeaders, expected] of rows) {
    layer(served(weather, { serving: secureHeaders === undefined ? {} : { secureHeaders } }), {
      excludeTestServices: true
    })(`of ${what}`, (it) => {
      it.effect("are on every response", () =>
        Effect.gen(function* () {
          for (const ask of kinds) assert.deepStrictEqual(valuesOf(yield* ask), expected)
        })
      )
      it.effect("leave a page its policy", () =>
        Effect.gen(function* () {
          const { headers } = yield* request("/")
          assert.include(headers.get("content-security-policy") ?? "", "script-src 'sha256-")
        })
      )
    })
  }
  layer(served(weather), { excludeTestServices: true })("of a request that is not HTTP", (it) => {
    it.effect("are the usual ones", () =>
      Effect.map(raw(["nonsense\r\n\r\n"]), (reply) => assert.match(reply, /^HTTP\/1\.1 400 /))
    )
  })
  it.each(["two\nlines", "", " padded", "ünï"])("refuse the text %j", (server) => {
    const result = Schema.decodeUnknownEither(Settings.Serving)({ secureHeaders: { server } })
    assert.include(Either.match(result, { onLeft: String, onRight: () => "accepted" }), "visible ASCII")
  })
})

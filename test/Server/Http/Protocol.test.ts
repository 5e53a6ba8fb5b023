import * as Zlib from "node:zlib"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { asApp, invoke, key, raw, request, served, statusOf } from "../Harness.js"
import { weather } from "../Pipelines.js"

const anything = Pipeline.make("anything", {
  input: Schema.Unknown,
  output: Schema.Unknown,
  run: (input) => Effect.succeed(input ?? null)
})

const post = (body: string, headers: ReadonlyArray<string> = []) =>
  [
    "POST /invoke HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...headers,
    "",
    body
  ].join("\r\n")

const plain = (line: string, headers: ReadonlyArray<string> = []) =>
  [line, "Host: localhost", "Connection: close", ...headers, "", ""].join("\r\n")

describe("bodies", () => {
  layer(served(anything, { serving: { maxBodyBytes: 1_000, maxJsonDepth: 8 } }), { excludeTestServices: true })(
    (it) => {
      const send = (
        body: string | Uint8Array,
        headers: Record<string, string> = { "content-type": "application/json" }
      ) => request("/invoke", { method: "POST", body, headers })

      it.effect("F08: must be JSON: anything else is 400 without an echo", () =>
        Effect.gen(function* () {
          for (const body of ['{"parameters":', "SECRET-TEXT", "{'a':1}", "[1,]", "\u0000", '{"a":1}{']) {
            const { json, status, text } = yield* send(body)
            assert.strictEqual(status, 400, body)
            assert.strictEqual(json["_tag"], "InvalidRequest")
            assert.strictEqual(json["message"], "The body is not valid JSON.")
            assert.notInclude(text, "SECRET")
          }
        })
      )
      it.effect("must not be empty", () =>
        Effect.gen(function* () {
          const { json, status } = yield* send("")
          assert.deepStrictEqual([status, json["message"]], [400, "The body is empty; send a JSON object."])
        })
      )
      it.effect("F09: must be UTF-8", () =>
        Effect.gen(function* () {
          const { json, status } = yield* send(new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))
          assert.deepStrictEqual([status, json["message"]], [400, "The body is not valid UTF-8."])
        })
      )
      it.effect("F10: may nest up to the limit and no deeper", () =>
        Effect.gen(function* () {
          const nested = (depth: number) => `{"parameters":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`
          assert.strictEqual((yield* send(nested(8))).status, 200)
          const { json, status } = yield* send(nested(9))
          assert.deepStrictEqual([status, json["message"]], [400, "The body nests deeper than 8 levels."])
          assert.strictEqual((yield* send(`{"parameters":"${"[".repeat(50)}\\"${"{".repeat(50)}"}`)).status, 200)
        })
      )
      it.effect("F12 G25: must be application/json in UTF-8", () =>
        Effect.gen(function* () {
          for (const type of [
            "text/plain",
            "application/jsonx",
            "application/json; charset=latin1",
            "multipart/form-data"
          ]) {
            const { json, status } = yield* send('{"parameters":1}', { "content-type": type })
            assert.deepStrictEqual([status, json["_tag"]], [415, "UnsupportedMediaType"], type)
          }
          assert.strictEqual((yield* request("/invoke", { method: "POST" })).status, 415)
          for (const type of ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']) {
            assert.strictEqual((yield* send('{"parameters":1}', { "content-type": type })).status, 200, type)
          }
        })
      )
      it.effect("may be compressed", () =>
        Effect.gen(function* () {
          const body = '{"parameters":[1,"two"]}'
          const compressors = {
            gzip: Zlib.gzipSync,
            br: Zlib.brotliCompressSync,
            deflate: Zlib.deflateSync,
            GZIP: Zlib.gzipSync
          }
          for (const [encoding, compress] of Object.entries(compressors)) {
            const headers = { "content-type": "application/json", "content-encoding": encoding }
            const { json, status } = yield* send(new Uint8Array(compress(body)), headers)
            assert.deepStrictEqual([status, json["outputs"]], [200, [1, "two"]], encoding)
          }
        })
      )
      it.effect("F07: may not expand over the limit, be damaged, or come in an encoding that is not known", () =>
        Effect.gen(function* () {
          const asked = (body: Uint8Array, encoding: string) =>
            Effect.map(
              send(body, { "content-type": "application/json", "content-encoding": encoding }),
              ({ json, status }) => [status, json["_tag"]]
            )
          const bomb = new Uint8Array(Zlib.gzipSync(`{"parameters":"${"x".repeat(50_000)}"}`))
          assert.isBelow(bomb.length, 1_000)
          const whole = new Uint8Array(Zlib.gzipSync('{"parameters":1}'))
          assert.deepStrictEqual(yield* asked(bomb, "gzip"), [413, "PayloadTooLarge"])
          assert.deepStrictEqual(yield* asked(whole.subarray(0, -5), "gzip"), [400, "InvalidRequest"])
          assert.deepStrictEqual(yield* asked(whole, "br"), [400, "InvalidRequest"])
          assert.deepStrictEqual(yield* asked(whole, "zstd"), [415, "UnsupportedMediaType"])
          assert.deepStrictEqual(yield* asked(whole, "gzip, gzip"), [415, "UnsupportedMediaType"])
        })
      )
      it.effect("F05: are refused by their declared length before they are read", () =>
        Effect.gen(function* () {
          const reply = yield* raw(
            [
              "POST /invoke HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n"
            ],
            { keepOpen: true }
          )
          assert.strictEqual(statusOf(reply), 413)
          assert.match(reply, /connection: close/i)
          assert.include(reply, '"maxBodyBytes":1000')
        })
      )
      it.effect("F06: are refused while they stream in, and the connection is closed", () =>
        Effect.gen(function* () {
          const chunk = `400\r\n${"x".repeat(0x400)}\r\n`
          const reply = yield* raw(
            [
              "POST /invoke HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
              chunk.repeat(64)
            ],
            { keepOpen: true }
          )
          assert.strictEqual(statusOf(reply), 413)
          assert.include(reply, '"_tag":"PayloadTooLarge"')
        })
      )
      it.effect("G17: cannot reach a prototype", () =>
        Effect.gen(function* () {
          for (const name of ["__proto__", "\\u005f_proto__", "\\u005F\\u005Fproto\\u005F\\u005F"]) {
            const { json, status } = yield* send(`{"parameters":{"a":1,"${name}":{"polluted":true}}}`)
            assert.strictEqual(status, 400)
            assert.deepStrictEqual(json["issues"], [{ path: "parameters.__proto__", reason: "is not expected" }])
          }
          yield* send('{"parameters":{"constructor":{"prototype":{"polluted":true}}},"__proto__":{"polluted":true}}')
          assert.isUndefined(({} as { polluted?: boolean }).polluted)
        })
      )
    }
  )
})

describe("paths and methods", () => {
  layer(served(weather), { excludeTestServices: true })((it) => {
    it.effect("F13 G06 G08: unknown paths are 404 in JSON, in every spelling", () =>
      Effect.gen(function* () {
        for (const path of [
          "/nope",
          "//invoke",
          "/invoke/",
          "/./invoke",
          "/%69nvoke",
          "/INVOKE",
          "/invoke;x",
          "/runs/a/b",
          "/runs/",
          "/../etc/passwd",
          "/..%2f..%2fetc%2fpasswd",
          "/%2e%2e/%2e%2e/etc/passwd",
          "/docs/../../package.json",
          "/..\\..\\package.json",
          "/.env",
          "/main.mjs.map"
        ]) {
          const reply = yield* raw([plain(`POST ${path} HTTP/1.1`)])
          assert.strictEqual(statusOf(reply), 404, path)
          assert.include(reply, '"_tag":"NotFound"')
        }
      })
    )
    it.effect("F13: wrong methods are 405 and say which are right", () =>
      Effect.gen(function* () {
        for (const [method, path, allow] of [
          ["GET", "/invoke", "POST, OPTIONS"],
          ["DELETE", "/runs", "GET, HEAD, OPTIONS"],
          ["TRACE", "/health", "GET, HEAD, OPTIONS"],
          ["PUT", "/runs/x", "GET, HEAD, OPTIONS"]
        ]) {
          const reply = yield* raw([plain(`${method} ${path} HTTP/1.1`)])
          assert.strictEqual(statusOf(reply), 405, path)
          assert.match(reply, new RegExp(`allow: ${allow}\r\n`, "i"))
          assert.include(reply, '"_tag":"MethodNotAllowed"')
        }
      })
    )
    it.effect("F14: HEAD answers like GET without a body, OPTIONS lists the methods", () =>
      Effect.gen(function* () {
        const head = yield* request("/health", { method: "HEAD" })
        assert.deepStrictEqual([head.status, head.text], [200, ""])
        const options = yield* request("/invoke", { method: "OPTIONS" })
        assert.deepStrictEqual([options.status, options.headers.get("allow")], [204, "POST, OPTIONS"])
      })
    )
    it.effect("F14 G06: CONNECT and upgrades get nowhere", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* raw(["CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"]), "")
        const upgrade = yield* raw([plain("GET /invoke HTTP/1.1", ["Upgrade: websocket"]).replace("close", "Upgrade")])
        assert.strictEqual(statusOf(upgrade), 405)
      })
    )
    it.effect("G02 G24: duplicate headers are ambiguous and refused", () =>
      Effect.gen(function* () {
        for (const name of ["Host", "Authorization", "Content-Type", "Content-Encoding"]) {
          const reply = yield* raw([plain("GET /runs HTTP/1.1", [`${name}: a`, `${name.toUpperCase()}: b`])])
          assert.strictEqual(statusOf(reply), 400, name)
          assert.include(reply, "only once")
        }
      })
    )
    it.effect("G24: a missing host, another expectation and another transfer coding are refused with a reason", () =>
      Effect.gen(function* () {
        // A server of the platform has answers of its own.
        const ofServer = [
          ["GET /health HTTP/1.1\r\n\r\n", 400, '"Host\\" is missing'],
          [plain("GET /health HTTP/1.1", ["Expect: banana"]), 417, "no expectation"]
        ] as const
        const cases: ReadonlyArray<readonly [string, number, string]> = [
          ...(asApp ? [] : ofServer),
          [`${plain("POST /invoke HTTP/1.1", ["Transfer-Encoding: gzip, chunked"])}0\r\n\r\n`, 400, "transfer coding"]
        ]
        for (const [bytes, status, reason] of cases) {
          const reply = yield* raw([bytes])
          assert.strictEqual(statusOf(reply), status)
          assert.include(reply, '"_tag":"InvalidRequest"')
          assert.include(reply, reason)
          assert.match(reply, /connection: close/i)
        }
        assert.strictEqual(statusOf(yield* raw(["GET /health HTTP/1.0\r\n\r\n"])), 200)
      })
    )
    it.effect("G25: without a key only requests to this machine are answered", () =>
      Effect.gen(function* () {
        const to = (host: string) =>
          Effect.map(raw([`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`]), statusOf)
        assert.strictEqual(yield* to("evil.example"), 400)
        assert.strictEqual(yield* to("localhost.evil.example"), 400)
        for (const host of ["localhost:8000", "127.0.0.1", "[::1]:1"]) assert.strictEqual(yield* to(host), 200, host)
      })
    )
    it.effect("G06 G24: absolute targets are answered when they name the same host", () =>
      Effect.gen(function* () {
        assert.strictEqual(statusOf(yield* raw([plain("GET http://localhost/health HTTP/1.1")])), 200)
        assert.strictEqual(statusOf(yield* raw([plain("GET http://other/health HTTP/1.1")])), 400)
      })
    )
    it.effect("G26: no answer permits a page of another origin", () =>
      Effect.gen(function* () {
        const headers = { origin: "https://evil.example", "access-control-request-method": "POST" }
        for (const reply of [
          yield* request("/invoke", { method: "OPTIONS", headers }),
          yield* request("/invoke", { json: { parameters: { city: "x" } }, headers }),
          yield* request("/runs", { headers }),
          yield* request("/health", { headers })
        ]) {
          const names = Array.from(reply.headers.keys())
          assert.isEmpty(names.filter((name) => name.startsWith("access-control-")))
        }
      })
    )
    it.effect("every answer carries the security headers and no Server header", () =>
      Effect.gen(function* () {
        for (const [path, init] of [
          ["/health", {}],
          ["/nope", {}],
          ["/invoke", { json: { parameters: { city: "x" } } }]
        ] as const) {
          const { headers } = yield* request(path, init)
          assert.strictEqual(headers.get("cache-control"), "no-store")
          assert.strictEqual(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'")
          assert.strictEqual(headers.get("x-content-type-options"), "nosniff")
          assert.strictEqual(headers.get("referrer-policy"), "no-referrer")
          assert.isNull(headers.get("server"))
        }
      })
    )
    it.effect("F36: pipelined requests get their own answers in order", () =>
      Effect.gen(function* () {
        const body = (city: string) => JSON.stringify({ parameters: { city } })
        const reply = yield* raw(
          [
            post(body("One")).replace("Connection: close\r\n", "") +
              post(body("Three")).replace("Connection: close\r\n", ""),
            post(body("Sixsix"))
          ],
          { keepOpen: true }
        )
        assert.deepStrictEqual(reply.match(/"summary":"\w+: \d+C"/g), [
          '"summary":"One: 3C"',
          '"summary":"Three: 5C"',
          '"summary":"Sixsix: 6C"'
        ])
      })
    )
  })
})

describe("keys", () => {
  layer(served(weather, { key }), { excludeTestServices: true })((it) => {
    const routes = [
      ["POST", "/invoke", false],
      ["GET", "/runs", false],
      ["GET", "/runs/00000000-0000-7000-8000-000000000000", false],
      ["GET", "/health", true],
      ["GET", "/health/live", true],
      ["GET", "/health/ready", true],
      ["GET", "/info", true],
      ["GET", "/metrics", true],
      ["GET", "/docs", true],
      ["GET", "/openapi.json", true],
      ["GET", "/", true]
    ] as const

    it.effect("G05: are asked for everywhere but on the public list", () =>
      Effect.gen(function* () {
        for (const [method, path, isPublic] of routes) {
          const { headers, json, status } = yield* request(path, { method })
          assert.strictEqual(status === 401, !isPublic, path)
          if (isPublic) continue
          assert.strictEqual(headers.get("www-authenticate"), "Bearer")
          assert.strictEqual(json["_tag"], "Unauthorized")
        }
      })
    )
    it.effect("G05 G06: are asked for before OPTIONS answers", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* request("/invoke", { method: "OPTIONS" })).status, 401)
      })
    )
    it.effect("G02: open the service, in every case of the scheme", () =>
      Effect.gen(function* () {
        for (const authorization of [`Bearer ${key}`, `bearer ${key}`, `BEARER  ${key}`]) {
          assert.strictEqual(
            (yield* invoke({ city: "x" }, {}, { headers: { authorization } })).status,
            200,
            authorization
          )
        }
      })
    )
    it.effect("G02 G03: that are wrong, malformed or in the wrong place do not", () =>
      Effect.gen(function* () {
        for (const authorization of [
          "",
          "Bearer",
          "Bearer ",
          key,
          `Basic ${key}`,
          `Bearer ${key}x`,
          `Bearer ${key.slice(1)}`,
          `Bearer\t${key}`
        ]) {
          assert.strictEqual((yield* request("/runs", { headers: { authorization } })).status, 401, authorization)
        }
        assert.strictEqual((yield* request(`/runs?token=${key}&access_token=${key}`)).status, 401)
        assert.strictEqual((yield* request("/runs", { headers: { cookie: `token=${key}` } })).status, 401)
      })
    )
  })
  layer(served(weather, { key, serving: { protectedEndpoints: ["info", "metrics", "docs", "page"] } }), {
    excludeTestServices: true
  })("with protected endpoints", (it) => {
    it.effect("G05: are asked for everywhere but on health", () =>
      Effect.gen(function* () {
        for (const path of ["/info", "/metrics", "/docs", "/openapi.json", "/"]) {
          assert.strictEqual((yield* request(path)).status, 401, path)
          const headers = { authorization: `Bearer ${key}` }
          assert.isBelow((yield* request(path, { headers })).status, 400, path)
        }
        assert.strictEqual((yield* request("/health")).status, 200)
      })
    )
  })
})

describe("settings", () => {
  const serving = {
    rootUrlPath: "/svc",
    apiUrlPath: "/v1",
    invokeUrlPath: "/predict",
    disabledEndpoints: ["runs", "docs", "page"]
  } as const
  layer(served(weather, { serving }), { excludeTestServices: true })((it) => {
    it.effect("move paths and switch endpoints off", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* request("/svc/v1/predict", { json: { parameters: { city: "x" } } })).status, 200)
        assert.strictEqual((yield* request("/svc/v1/health")).status, 200)
        for (const path of ["/invoke", "/svc/v1/runs", "/svc/docs", "/svc/openapi.json", "/svc", "/svc/", "/health"]) {
          assert.strictEqual((yield* request(path)).status, 404, path)
        }
      })
    )
  })
  layer(served(weather, { serving: { recording: "none" } }), { excludeTestServices: true })(
    "without recording",
    (it) => {
      it.effect("answer runs and know nothing of them afterwards", () =>
        Effect.gen(function* () {
          const { json, status } = yield* invoke({ city: "Oslo" })
          assert.deepStrictEqual([status, json.metadata.runIndex], [200, 1])
          assert.strictEqual((yield* invoke({ city: "Atlantis" })).status, 404)
          assert.strictEqual((yield* request("/runs")).status, 404)
          assert.strictEqual((yield* request(`/runs/${json.metadata.runId}`)).status, 404)
          assert.strictEqual((yield* request("/health")).status, 200)
          assert.include((yield* request("/metrics")).text, 'deployers_runs_total{status="succeeded"} 1')
        })
      )
    }
  )
})

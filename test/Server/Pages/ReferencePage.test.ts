import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { key, raw, request, served } from "../Harness.js"
import { weather } from "../Pipelines.js"
import { scriptOf, sha256, styleOf } from "./Script.js"

describe("the API reference", () => {
  layer(served(weather, { key }), { excludeTestServices: true })((it) => {
    it.effect("is a document that loads its own script and nothing else", () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* request("/docs")
        assert.strictEqual(status, 200)
        assert.strictEqual(headers.get("content-type"), "text/html; charset=utf-8")
        assert.match(scriptOf(text).src, /^\?script=/)
        assert.notMatch(text.replace(scriptOf(text).src, ""), /https?:|\/\/[a-z]|<link|@import|\son\w+=|style="/)
        assert.match(text, /data-openapi="\/openapi.json" data-invoke="\/invoke" data-root="\/"/)
      })
    )
    it.effect("allows its own script and style, and images that are in the style, by its policy", () =>
      Effect.gen(function* () {
        const { headers, text } = yield* request("/docs")
        const style = yield* sha256(styleOf(text))
        assert.strictEqual(
          headers.get("content-security-policy"),
          [
            `default-src 'none'; script-src '${scriptOf(text).integrity}'; style-src '${style}'; img-src data:`,
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "require-trusted-types-for 'script'"
          ].join("; ")
        )
      })
    )
    it.effect("answers the script with that digest, which browsers may keep", () =>
      Effect.gen(function* () {
        const { integrity, src } = scriptOf((yield* request("/docs")).text)
        const { headers, status, text } = yield* request(`/docs${src}`, { headers: { "accept-encoding": "br" } })
        assert.strictEqual(status, 200)
        assert.strictEqual(headers.get("content-type"), "text/javascript; charset=utf-8")
        assert.strictEqual(headers.get("content-encoding"), "br")
        assert.strictEqual(headers.get("cache-control"), "private, max-age=31536000, immutable")
        assert.strictEqual(yield* sha256(text), integrity)
        const plain = yield* request(`/docs${src}`, { headers: { "accept-encoding": "identity" } })
        assert.isNull(plain.headers.get("content-encoding"))
        assert.strictEqual(plain.text, text)
      })
    )
    it.effect("sends the script packed: below 400 kB of 1.8 MB", () =>
      Effect.gen(function* () {
        const { src } = scriptOf((yield* request("/docs")).text)
        const head = `GET /docs${src} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n`
        const reply = yield* raw([head], { keepOpen: true })
        const length = Number(/content-length: (\d+)/i.exec(reply)?.[1])
        assert.isTrue(length > 100_000 && length < 400_000, String(length))
      })
    )
  })
  it.live("G27: shows hostile names as text", () =>
    Effect.gen(function* () {
      const { text } = yield* request("/docs")
      assert.notInclude(text, "<img")
      assert.include(text, "&#60;img")
    }).pipe(
      Effect.provide(
        served(
          Pipeline.make("</title><img src=x onerror=alert(1)>", {
            input: Schema.Struct({}),
            output: Schema.Struct({}),
            run: () => Effect.succeed({})
          })
        )
      )
    )
  )
  layer(served(weather, { key, serving: { rootUrlPath: "/svc", protectedEndpoints: ["docs"] } }), {
    excludeTestServices: true
  })("that is protected", (it) => {
    it.effect("needs the key, and so does its script", () =>
      Effect.gen(function* () {
        const headers = { authorization: `Bearer ${key}` }
        for (const path of ["/svc/docs", "/svc/docs?script=x"]) {
          assert.strictEqual((yield* request(path)).status, 401)
          assert.strictEqual((yield* request(path, { headers })).status, 200)
        }
      })
    )
  })
})

import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { key, request, served } from "../Harness.js"
import { weather } from "../Pipelines.js"
import { scriptOf, sha256, styleOf } from "./Script.js"

interface Data {
  readonly paths: Readonly<Record<string, string>>
  readonly keyed: ReadonlyArray<string>
  readonly recording: string
}

/** The data of the service in the document. */
const dataIn = (html: string): Data =>
  JSON.parse(
    (/data-page="([^"]*)"/.exec(html)?.[1] ?? "").replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code))
  )

describe("the page of a deployment", () => {
  layer(served(weather, { key }), { excludeTestServices: true })((it) => {
    it.effect("is a document that loads its own script and nothing else", () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* request("/")
        assert.strictEqual(status, 200)
        assert.strictEqual(headers.get("content-type"), "text/html; charset=utf-8")
        const { integrity, src } = scriptOf(text)
        assert.match(src, /^\?script=/)
        const script = yield* request(`/${src}`)
        assert.strictEqual(yield* sha256(script.text), integrity)
        assert.include(script.text, "uPlot, Copyright (c) 2022 Leon Sorokin")
        const own = text.replace(src, "") + script.text.replace("http://www.w3.org/2000/svg", "")
        assert.notMatch(own, /https?:|\/\/[a-z]|<link|@import|innerHTML|insertAdjacentHTML|document\.write|eval\(/)
        assert.notMatch(script.text, /src=/)
      })
    )
    it.effect("G27: allows its own script and style only", () =>
      Effect.gen(function* () {
        const { headers, text } = yield* request("/")
        const style = yield* sha256(styleOf(text))
        assert.strictEqual(
          headers.get("content-security-policy"),
          [
            `default-src 'none'; script-src '${scriptOf(text).integrity}'; style-src '${style}'`,
            "connect-src 'self'; base-uri 'none'",
            "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
          ].join("; ")
        )
        assert.notMatch(text, /\son\w+=|style=/)
      })
    )
    it.effect("holds no data of runs, and knows which endpoints need the key", () =>
      Effect.gen(function* () {
        const { text } = yield* request("/")
        assert.notInclude(text, "weather")
        const { keyed, paths, recording } = dataIn(text)
        assert.includeMembers([...keyed], ["invoke", "runs", "run", "cancel", "events"])
        assert.notIncludeMembers([...keyed], ["info", "metrics", "openApi", "root"])
        assert.deepStrictEqual([paths["invoke"], paths["run"], paths["info"]], ["/invoke", "/runs/:id", "/info"])
        assert.strictEqual(recording, "durable")
      })
    )
    it.effect("is ASCII, so that a program with it needs one byte for each character", () =>
      Effect.gen(function* () {
        const { text } = yield* request("/")
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the first character there is
        assert.match(text, /^[\x00-\x7f]*$/)
      })
    )
  })

  layer(served(weather), { excludeTestServices: true })("without a key", (it) => {
    it.effect("needs no key", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(dataIn((yield* request("/")).text).keyed, [])
      })
    )
  })

  const moved = {
    rootUrlPath: "/svc",
    apiUrlPath: "/v1",
    invokeUrlPath: "/predict",
    disabledEndpoints: ["docs", "metrics"],
    protectedEndpoints: ["info"],
    recording: "none"
  } as const
  layer(served(weather, { key, serving: moved }), { excludeTestServices: true })("where endpoints moved", (it) => {
    it.effect("knows their paths, and not those that are switched off", () =>
      Effect.gen(function* () {
        for (const path of ["/svc", "/svc/"]) {
          const { keyed, paths, recording } = dataIn((yield* request(path)).text)
          assert.deepStrictEqual(paths, {
            root: "/svc",
            invoke: "/svc/v1/predict",
            mcp: "/svc/v1/mcp",
            health: "/svc/v1/health",
            live: "/svc/v1/health/live",
            ready: "/svc/v1/health/ready",
            info: "/svc/v1/info",
            proof: "/svc/v1/proof"
          })
          assert.deepStrictEqual([keyed, recording], [["invoke", "mcp", "info"], "none"])
        }
      })
    )
  })

  layer(served(weather, { key, serving: { protectedEndpoints: ["page"] } }), { excludeTestServices: true })(
    "that is protected",
    (it) => {
      it.effect("needs the key, and the API reference does not", () =>
        Effect.gen(function* () {
          for (const path of ["/", "/?script=x"]) assert.strictEqual((yield* request(path)).status, 401)
          assert.strictEqual((yield* request("/", { headers: { authorization: `Bearer ${key}` } })).status, 200)
          assert.strictEqual((yield* request("/docs")).status, 200)
        })
      )
    }
  )

  layer(served(weather, { serving: { disabledEndpoints: ["page"] } }), { excludeTestServices: true })(
    "that is switched off",
    (it) => {
      it.effect("answers 404, and the API reference stays", () =>
        Effect.gen(function* () {
          assert.strictEqual((yield* request("/")).status, 404)
          assert.strictEqual((yield* request("/docs")).status, 200)
        })
      )
    }
  )
})

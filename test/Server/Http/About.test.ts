// What a service says of itself in its document and its pages, and the level of its log.
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Either, Logger, Ref, Schema } from "effect"
import { Pipeline, Settings } from "effect-deployers"
import { invoke, memory, request, served, serving } from "../Harness.js"
import { weather } from "../Pipelines.js"

const about = {
  title: "Météo <1>",
  version: "2.1.0",
  description: "Forecasts & more.",
  contact: { name: "The team", email: "team@example.com", url: "https://example.com/support" }
}

describe("a service in words", () => {
  layer(served(weather, { serving: { about } }), { excludeTestServices: true })((it) => {
    it.effect("has them in its document", () =>
      Effect.gen(function* () {
        const { info } = (yield* request("/openapi.json")).json as unknown as { readonly info: unknown }
        assert.deepStrictEqual(info, {
          title: about.title,
          version: about.version,
          description: about.description,
          contact: about.contact
        })
      })
    )
    it.effect("has them in its pages, in ASCII", () =>
      Effect.gen(function* () {
        const title = "<title>M&#233;t&#233;o &#60;1&#62;</title>"
        for (const path of ["/", "/docs"]) {
          const { text } = yield* request(path)
          assert.include(text, title, path)
          // biome-ignore lint/suspicious/noControlCharactersInRegex: the first character there is
          assert.match(text, /^[\x00-\x7f]*$/)
        }
        assert.include((yield* request("/")).text, "team@example.com")
      })
    )
  })
  layer(served(weather), { excludeTestServices: true })("by default", (it) => {
    it.effect("is its pipeline", () =>
      Effect.gen(function* () {
        const { info } = (yield* request("/openapi.json")).json as unknown as { readonly info: unknown }
        assert.deepStrictEqual(info, { title: "weather", version: "1", description: "Reports the weather." })
      })
    )
  })
  it.each([
    [{ title: " " }, "title"],
    [{ contact: { email: "nobody" } }, "email"],
    [{ contact: { url: "javascript:alert(1)" } }, "url"]
  ])("refuses %j", (refused, field) => {
    const result = Schema.decodeUnknownEither(Settings.Serving)({ about: refused })
    assert.include(Either.match(result, { onLeft: String, onRight: () => "accepted" }), `["${field}"]`)
  })
})

describe("the level of the log", () => {
  const talking = Pipeline.make("talking", {
    input: Schema.Struct({}),
    output: Schema.Void,
    run: () =>
      Effect.zipRight(
        Effect.logDebug("a detail"),
        Effect.zipRight(Effect.logInfo("a line"), Effect.logError("a fault"))
      )
  })
  const linesOf = (logLevel: Settings.ServingInput["logLevel"]) =>
    Effect.gen(function* () {
      const lines = yield* Ref.make<ReadonlyArray<string>>([])
      const logger = Logger.make(({ message }) => Effect.runSync(Ref.update(lines, (all) => [...all, String(message)])))
      yield* invoke({}).pipe(
        Effect.provide(serving(talking, { serving: logLevel === undefined ? {} : { logLevel } })),
        Effect.provide([memory(), Logger.replace(Logger.defaultLogger, logger)])
      )
      return (yield* Ref.get(lines)).filter((line) => line.startsWith("a "))
    })
  it.live("is that of the settings", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* linesOf(undefined), ["a line", "a fault"])
      assert.deepStrictEqual(yield* linesOf("debug"), ["a detail", "a line", "a fault"])
      assert.deepStrictEqual(yield* linesOf("error"), ["a fault"])
      assert.deepStrictEqual(yield* linesOf("none"), [])
    })
  )
})

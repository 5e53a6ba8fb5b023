import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { BigDecimal, Chunk, Effect, Schema, Stream } from "effect"
import { Client, Contract, Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { shippingService } from "../../examples/shipping.js"
import { NotDeliverable, shipping } from "../../examples/shipping-contract.js"
import { request, served } from "../Server/Harness.js"

class Ended extends Schema.TaggedError<Ended>()("Ended", { at: Schema.Int }) {}

const numbers = Contract.stream("numbers", {
  description: "days",
  input: Schema.Struct({ to: Schema.Int }),
  output: Schema.Struct({ day: Schema.Date }),
  error: Ended,
  settings: { maxQueue: 3 }
})

const counting = Contract.implementStream(numbers, ({ to }) => {
  const days = Stream.map(Stream.range(1, Math.abs(to)), (day) => ({ day: new Date(day) }))
  return to < 0 ? Stream.concat(days, new Ended({ at: -to })) : days
})

describe("a contract", () => {
  it("has no failures by default, and keeps description and settings", () => {
    const schemas = { input: Schema.Struct({}), output: Schema.Void }
    const plain = Contract.make("plain", schemas)
    assert.deepStrictEqual([plain.error, plain.description, plain.settings], [Schema.Never, undefined, {}])
    const settings = { maxQueue: 3 }
    const full = Contract.implement(
      Contract.make("full", { ...schemas, description: "d", settings }),
      () => Effect.void
    )
    assert.isTrue(Pipeline.isPipeline(full))
    assert.deepStrictEqual([full.name, full.description, full.settings], ["full", "d", settings])
  })

  layer(served(counting), { excludeTestServices: true })("of a pipeline that streams", (it) => {
    const client = Effect.map(Serve.Served, ({ url }) => Client.make(numbers, { url }))
    it.effect("is enough for a client of its elements, of their list, and of its failures", () =>
      Effect.gen(function* () {
        const { invoke, stream } = yield* client
        const elements = yield* Stream.runCollect(stream({ to: 2 }))
        const days = [{ day: new Date(1) }, { day: new Date(2) }]
        assert.deepStrictEqual(Chunk.toReadonlyArray(elements), days)
        assert.deepStrictEqual(yield* invoke({ to: 2 }), days)
        const seen: Array<Date> = []
        const failing = Stream.runForEach(stream({ to: -2 }), ({ day }) => Effect.sync(() => seen.push(day)))
        assert.deepStrictEqual(yield* Effect.flip(failing), new Ended({ at: 2 }))
        assert.deepStrictEqual(seen, [new Date(1), new Date(2)])
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
    it.effect("is in the OpenAPI document, and its settings are those of the service", () =>
      Effect.gen(function* () {
        const { json } = yield* request("/openapi.json")
        assert.include(JSON.stringify(json["paths"]), "x-stream")
        assert.deepStrictEqual([counting.settings, counting.description], [{ maxQueue: 3 }, "days"])
      })
    )
  })

  layer(served(shippingService), { excludeTestServices: true })("with an implementation that is served", (it) => {
    const client = Effect.map(Serve.Served, ({ url }) => Client.make(shipping, { url }))
    it.effect("is enough for a typed client", () =>
      Effect.gen(function* () {
        const { price } = yield* (yield* client).invoke({ country: "SE", kilograms: 4 })
        assert.strictEqual(BigDecimal.format(price), "29")
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
    it.effect("gives its typed failures back", () =>
      Effect.gen(function* () {
        const failure = yield* Effect.flip((yield* client).invoke({ country: "FR", kilograms: 1 }))
        assert.deepStrictEqual(failure, new NotDeliverable({ country: "FR" }))
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  })
})

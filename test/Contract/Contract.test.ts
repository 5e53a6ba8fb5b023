import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it, layer } from "@effect/vitest"
import { BigDecimal, Effect, Schema } from "effect"
import { Client, Contract, Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { shippingService } from "../../examples/shipping.js"
import { NotDeliverable, shipping } from "../../examples/shipping-contract.js"
import { served } from "../Server/Harness.js"

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

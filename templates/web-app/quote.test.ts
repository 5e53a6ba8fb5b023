import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Pipeline } from "effect-deployers"
import { Prices, program } from "./program.js"

it.effect("multiplies the price of its layer", () =>
  Effect.gen(function* () {
    const quote = Pipeline.provide(program, Layer.succeed(Prices, { of: () => Effect.succeed(10) }))
    expect(yield* Pipeline.run(quote, { product: "lamp", count: 3 })).toEqual({ total: 30 })
  })
)

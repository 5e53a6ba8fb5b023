import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Pipeline } from "effect-deployers"
import { agent } from "./agent.js"
import { Model, program } from "./program.js"

it.effect("uses its tool, then answers", () =>
  Effect.gen(function* () {
    expect(yield* Pipeline.run(agent, { question: "How much is 2 + 3?" })).toEqual({
      answer: "I was told: The sum is 5."
    })
  })
)

it.effect("ends without an answer when its model never says one", () =>
  Effect.gen(function* () {
    const restless = Pipeline.provide(
      program,
      Layer.succeed(Model, { reply: () => Effect.succeed({ _tag: "Calculate", left: 1, right: 1 }) })
    )
    expect(yield* Effect.flip(Pipeline.run(restless, { question: "?" }))).toMatchObject({ _tag: "NoAnswer", turns: 5 })
  })
)

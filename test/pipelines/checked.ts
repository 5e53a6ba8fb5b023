import { Config, Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"

class Mistaken extends Schema.TaggedError<Mistaken>()("Mistaken", { sum: Schema.Number, expected: Schema.Number }) {}

/** Its check knows the right sum from the environment, and counts the times it ran in the log. */
export const checked = Pipeline.make("checked", {
  input: Schema.Struct({ a: Schema.Number, b: Schema.Number }),
  output: Schema.Struct({ sum: Schema.Number }),
  run: ({ a, b }) => Effect.succeed({ sum: a + b }),
  check: {
    timeout: "20 seconds",
    run: (invoke) =>
      Effect.gen(function* () {
        yield* Effect.logInfo("the check runs")
        const expected = yield* Config.integer("EXPECTED")
        const { sum } = yield* invoke({ a: 1, b: 2 })
        if (sum !== expected) return yield* new Mistaken({ sum, expected })
      })
  }
})

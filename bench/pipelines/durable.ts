// Ten steps, one after the other, each on record before the next one begins.
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const Counted = Schema.Struct({ count: Schema.Int })

const increment = Step.make("increment", {
  input: Counted,
  output: Counted,
  run: ({ count }) => Effect.succeed({ count: count + 1 })
})

export const durable = Pipeline.make("durable", {
  input: Counted,
  output: Counted,
  run: Effect.fnUntraced(function* (counted) {
    let now = counted
    for (let step = 0; step < 10; step++) now = yield* increment(now)
    return now
  })
})

import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const pause = Step.make("pause", {
  input: Schema.Number,
  output: Schema.Number,
  run: (millis) => Effect.as(Effect.sleep(millis), millis)
})

/** Takes as long as it is told, in a second step, and says which process it ran in. A negative time ends the process. */
export const paced = Pipeline.make("paced", {
  input: Schema.Struct({ millis: Schema.Number }),
  output: Schema.Number,
  run: ({ millis }) =>
    Effect.gen(function* () {
      if (millis < 0) return process.exit(3)
      yield* pause(0)
      if (millis > 0) yield* pause(millis)
      return process.pid
    })
})

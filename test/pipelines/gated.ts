import { existsSync } from "node:fs"
import { Effect, Schedule, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const io = {
  input: Schema.Struct({ number: Schema.Int, gate: Schema.String }),
  output: Schema.Struct({ number: Schema.Int, version: Schema.Int })
}

const wait = Step.make("wait", {
  input: Schema.String,
  output: Schema.Void,
  run: (gate) =>
    Effect.repeat(
      Effect.sync(() => existsSync(gate)),
      { until: (isOpen) => isOpen, schedule: Schedule.spaced("20 millis") }
    ).pipe(Effect.asVoid)
})

/** Returns the given number when the file `gate` exists. */
const gated = (version: number) =>
  Pipeline.make("gated", {
    ...io,
    run: ({ gate, number }) => Effect.as(wait(gate), { number, version })
  })

export const first = gated(1)
export const second = gated(2)

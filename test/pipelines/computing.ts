import { existsSync } from "node:fs"
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

/** Computes without a pause until a file exists: the event loop of the process is blocked. */
const compute = Step.make("compute", {
  input: Schema.Struct({ until: Schema.String }),
  output: Schema.Void,
  run: ({ until }) =>
    Effect.sync(() => {
      while (until !== "" && !existsSync(until)) {}
    })
})

/** Answers its version after it has computed. */
const computing = (version: number) =>
  Pipeline.make("computing", {
    input: Schema.Struct({ until: Schema.String, padding: Schema.optionalWith(Schema.String, { default: () => "" }) }),
    output: Schema.Number,
    run: ({ until }) => Effect.as(compute({ until }), version)
  })

export const first = computing(1)
export const second = computing(2)

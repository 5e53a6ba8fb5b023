import { Effect, Schema } from "effect"
import { Output, Pipeline, Run, Step } from "effect-deployers"

const draw = Step.make("draw", {
  input: Schema.String,
  output: Schema.String,
  run: (text) => Effect.succeed(`drawn ${text}`)
})

/** Outputs of a size that goes to the disk; a run that waits ends at a signal. */
const make = (version: number) =>
  Pipeline.make("drawing", {
    input: Schema.Struct({ text: Schema.String, waits: Schema.optional(Schema.Boolean) }),
    output: Output.bytes({ contentType: "image/png", name: "drawing.png" }),
    settings: { recovery: "resume" },
    run: ({ text, waits }) =>
      Effect.gen(function* () {
        const drawn = yield* draw(text)
        if (waits === true) yield* Run.waitFor("go", Schema.Unknown)
        return new TextEncoder().encode(`${drawn} by ${version}`.padEnd(400_000, "."))
      })
  })

export const first = make(1)
export const second = make(2)

import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const io = {
  input: Schema.Struct({ number: Schema.Int, millis: Schema.Int }),
  output: Schema.Struct({ number: Schema.Int, version: Schema.Int })
}

const wait = Step.make("wait", {
  input: Schema.Int,
  output: Schema.Void,
  run: (millis) => Effect.sleep(millis)
})

/** Answers with the number it was given, after as many milliseconds as it was told. */
const paced = (version: number) =>
  Pipeline.make("paced", {
    ...io,
    run: ({ millis, number }) => Effect.as(wait(millis), { number, version })
  })

export const first = paced(1)
export const second = paced(2)

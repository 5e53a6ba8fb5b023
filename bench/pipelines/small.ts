// A small body, two steps.
import { Effect } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { Input, Normalised, Output } from "./small-schemas.js"
import * as Work from "./work.js"

const normalise = Step.make("normalise", {
  input: Input,
  output: Normalised,
  run: ({ name }) => Effect.succeed(Work.normalise(name))
})

const greet = Step.make("greet", {
  input: Normalised,
  output: Output,
  run: ({ name }) => Effect.succeed(Work.greet(name))
})

export const small = Pipeline.make("small", {
  input: Input,
  output: Output,
  run: Effect.fnUntraced(function* (input) {
    const normalised = yield* normalise(input)
    return yield* greet(normalised)
  })
})

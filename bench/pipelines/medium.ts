// Nested objects, an array of 20 records, refinements; two steps.
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { Customer, Input, Lines, Output } from "./medium-schemas.js"
import * as Work from "./work.js"

const price = Step.make("price", {
  input: Input.pick("records"),
  output: Lines,
  run: ({ records }) => Effect.succeed(Work.price(records))
})

const summarise = Step.make("summarise", {
  input: Schema.Struct({ ...Lines.fields, customer: Customer, orderId: Schema.String }),
  output: Output,
  run: ({ customer, lines, orderId }) => Effect.succeed(Work.summarise({ lines }, { customer, orderId }))
})

export const medium = Pipeline.make("medium", {
  input: Input,
  output: Output,
  run: Effect.fnUntraced(function* ({ customer, orderId, records }) {
    const { lines } = yield* price({ records })
    return yield* summarise({ lines, customer, orderId })
  })
})

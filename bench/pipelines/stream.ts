// As many elements as the caller asks for.
import { Schema, Stream } from "effect"
import { Pipeline } from "effect-deployers"

export const stream = Pipeline.stream("stream", {
  input: Schema.Struct({ count: Schema.Int }),
  output: Schema.Struct({ number: Schema.Int, text: Schema.String }),
  run: ({ count }) => Stream.map(Stream.range(1, count), (number) => ({ number, text: `element ${number}` }))
})

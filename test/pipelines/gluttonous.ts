import { Effect, Layer, Schema } from "effect"
import { Pipeline } from "effect-deployers"

const kept: Array<Buffer> = []

/** Takes memory outside of JavaScript's heap, more than it may have. */
const feast = Layer.effectDiscard(
  Effect.forever(
    Effect.zipRight(
      Effect.sync(() => kept.push(Buffer.alloc(16_777_216, 1))),
      Effect.sleep("1 millis")
    )
  )
)

export const gluttonous = Pipeline.make("gluttonous", {
  input: Schema.Struct({}),
  output: Schema.Void,
  run: () => Effect.void
}).pipe(Pipeline.provide(feast))

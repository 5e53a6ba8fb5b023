// A model that takes as long for 32 inputs as for one.
import { Context, Effect, Layer, Schema } from "effect"
import { Batch, Pipeline } from "effect-deployers"

class Model extends Context.Tag("Model")<Model, { readonly next: Batch.Batched<number, number> }>() {}

const ModelLive = Layer.scoped(
  Model,
  Effect.map(
    Batch.make({
      maxSize: 32,
      maxWait: "1 millis",
      concurrency: 4,
      run: (numbers: ReadonlyArray<number>) =>
        Effect.delay(
          Effect.sync(() => numbers.map((number) => number + 1)),
          "2 millis"
        )
    }),
    (next) => ({ next })
  )
)

const Numbered = Schema.Struct({ number: Schema.Int })

export const batched = Pipeline.make("batched", {
  input: Numbered,
  output: Numbered,
  run: Effect.fnUntraced(function* ({ number }) {
    const { next } = yield* Model
    return { number: yield* next(number) }
  })
}).pipe(Pipeline.provide(ModelLive))

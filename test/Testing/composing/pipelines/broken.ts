// A pipeline whose warm state cannot be built.
import { Effect, Layer, Schema } from "effect"
import { Pipeline } from "effect-deployers"

export const broken = Pipeline.make("broken", {
  input: Schema.Struct({}),
  output: Schema.Void,
  run: () => Effect.void
}).pipe(Pipeline.provide(Layer.effectDiscard(Effect.fail(new Error("no model here")))))

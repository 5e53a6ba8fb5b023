import { Effect, Layer, Schema } from "effect"
import { Pipeline } from "effect-deployers"

const io = { input: Schema.Struct({}), output: Schema.Void, run: () => Effect.void }

/** Its warm state cannot be built, so it ends at once. */
export const crashing = Pipeline.make("crashing", io).pipe(
  Pipeline.provide(Layer.effectDiscard(Effect.dieMessage("something went wrong")))
)

/** Its warm state is never ready. */
export const silent = Pipeline.make("silent", io).pipe(Pipeline.provide(Layer.effectDiscard(Effect.never)))

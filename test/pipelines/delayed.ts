import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"

/** Answers, and leaves work behind that ends the process with a rejection after the run, if it is asked to. */
export const delayed = Pipeline.make("delayed", {
  input: Schema.Struct({ rejectsLater: Schema.Boolean }),
  output: Schema.Struct({ pid: Schema.Number }),
  run: ({ rejectsLater }) =>
    Effect.sync(() => {
      if (rejectsLater) setTimeout(() => void Promise.reject(new Error("a late rejection")), 200)
      return { pid: process.pid }
    })
})

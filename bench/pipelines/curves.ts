// Pipelines whose size is a parameter.
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const Text = Schema.Struct({ text: Schema.String })
const Counted = Schema.Struct({ count: Schema.Int })

const measureText = Step.make("measure", {
  input: Text,
  output: Counted,
  run: ({ text }) => Effect.succeed({ count: text.length })
})

/** A body of any size; what it answers is small. */
export const sized = Pipeline.make("sized", { input: Text, output: Counted, run: measureText })

const increment = Step.make("increment", {
  input: Counted,
  output: Counted,
  run: ({ count }) => Effect.succeed({ count: count + 1 })
})

/** Any number of steps, one after the other. */
export const stepped = Pipeline.make("stepped", {
  input: Schema.Struct({ steps: Schema.Int.pipe(Schema.between(1, 1000)) }),
  output: Counted,
  run: ({ steps }) =>
    Effect.iterate({ count: 0 }, { while: ({ count }) => count < steps, body: (counted) => increment(counted) })
})

const work = Step.make("work", {
  input: Schema.Struct({ millis: Schema.Number }),
  output: Counted,
  run: ({ millis }) =>
    Effect.sync(() => {
      const until = performance.now() + millis
      let count = 0
      while (performance.now() < until) count++
      return { count }
    })
})

/** Keeps the processor busy for a while, as real work does. */
export const busy = Pipeline.make("busy", {
  input: Schema.Struct({ millis: Schema.Number.pipe(Schema.between(0, 60_000)) }),
  output: Counted,
  run: work
})

/** Outputs of any size: a list of records, as a query or a model gives it. */
export const large = Pipeline.make("large", {
  input: Schema.Struct({ records: Schema.Int }),
  output: Schema.Array(Schema.Struct({ id: Schema.Int, name: Schema.String, price: Schema.Number })),
  settings: { maxOutputBytes: 100_000_000 },
  run: ({ records }) =>
    Effect.succeed(Array.from({ length: records }, (_, id) => ({ id, name: `record ${id}`, price: id * 1.5 })))
})

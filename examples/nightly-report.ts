// A report that the service makes by itself, each night, from the orders of the day before.
// deployers deploy examples/nightly-report.ts --name report
// deployers schedules report
// deployers schedule fire report nightly
import { Context, DateTime, Effect, Layer, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const Order = Schema.Struct({ at: Schema.DateTimeUtc, cents: Schema.Int })

/** The orders of a shop. */
export class Orders extends Context.Tag("examples/Orders")<
  Orders,
  {
    readonly between: (from: DateTime.Utc, to: DateTime.Utc) => Effect.Effect<ReadonlyArray<typeof Order.Type>>
  }
>() {}

const orders = Step.make("orders", {
  input: Schema.Struct({ from: Schema.DateTimeUtc, to: Schema.DateTimeUtc }),
  output: Schema.Array(Order),
  run: ({ from, to }) => Effect.flatMap(Orders, (source) => source.between(from, to))
})

/** The report on the orders of whole days before today. */
export const reporting = Pipeline.make("report", {
  input: Schema.Struct({ days: Schema.Int.pipe(Schema.between(1, 31)) }),
  output: Schema.Struct({ from: Schema.DateTimeUtc, orders: Schema.Int, cents: Schema.Int }),
  run: ({ days }) =>
    Effect.gen(function* () {
      const to = DateTime.startOf(yield* DateTime.now, "day")
      const from = DateTime.subtract(to, { days })
      const found = yield* orders({ from, to })
      yield* Effect.logInfo(`The report has ${found.length} orders.`)
      return { from, orders: found.length, cents: found.reduce((sum, { cents }) => sum + cents, 0) }
    })
}).pipe(Pipeline.schedule("nightly", { cron: "0 3 * * *", input: { days: 1 }, missed: { all: 7 } }))

/** A shop with one order an hour, in the place of its database. */
const Demo = Layer.succeed(Orders, {
  between: (from, to) =>
    Effect.succeed(
      Array.from({ length: Math.floor(DateTime.distance(from, to) / 3_600_000) }, (_, hours) => ({
        at: DateTime.add(from, { hours }),
        cents: 1_000 + hours
      }))
    )
})

export const report = reporting.pipe(Pipeline.provide(Demo))

// Metrics of a pipeline that is served by two processes: one answer has the sums.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ask, eventually, scoped, start, urlOf } from "./Service.js"

const declarations = `
import { Metric } from "effect"
const counted = Metric.counter("counted", { incremental: true })
export const pipeline = Pipeline.make("paced", {
  input: Schema.Struct({}),
  output: Schema.Number,
  run: () => Effect.as(Metric.increment(counted), process.pid)
})`

describe("metrics of the code of a pipeline", () => {
  it.live(
    "are the sums of all workers",
    () =>
      scoped(
        Effect.gen(function* () {
          const service = yield* start({}, declarations)
          const url = yield* urlOf(service)
          const invoked = eventually(
            Effect.filterOrFail(ask(url, "/invoke", { parameters: {} }), ({ status }) => status === 200)
          )
          const pids = new Set<string>()
          let count = 0
          yield* Effect.repeat(
            Effect.map(invoked, ({ text }) => {
              count++
              pids.add(String((JSON.parse(text) as { readonly outputs: number }).outputs))
            }),
            { until: () => pids.size === 2 && count >= 10 }
          )
          const { text } = yield* ask(url, "/metrics")
          assert.include(text.split("\n"), `counted_total ${count}`)
        })
      ),
    { timeout: 120_000 }
  )
})

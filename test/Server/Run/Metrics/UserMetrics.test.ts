import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Metric, MetricBoundaries, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Server } from "effect-deployers/Server"
import * as UserMetrics from "../../../../src/Server/Run/Metrics/UserMetrics.js"
import { ask } from "../../Ask.js"
import { memory, quiet } from "../../Harness.js"

const orders = Metric.counter("shop.orders", { incremental: true, description: "Orders\nof the shop." })
const stock = Metric.gauge("shop stock").pipe(Metric.tagged("shelf", 'a"\\b'))
const size = Metric.histogram("shop_size", MetricBoundaries.fromIterable([1, 10]))
const wait = Metric.summary({ name: "shop_wait", maxAge: "1 minute", maxSize: 10, error: 0, quantiles: [0.5] })
const words = Metric.frequency("shop_words")
const ours = Metric.counter("deployers_runs_total", { incremental: true })
const bytes = Metric.gauge("shop_orders_total", { bigint: true })

const shop = Pipeline.make("shop", {
  input: Schema.Struct({ n: Schema.Number }),
  output: Schema.Void,
  run: ({ n }) =>
    Effect.all(
      [
        Metric.increment(orders),
        Metric.set(stock, n),
        Metric.update(size, n),
        Metric.update(wait, n),
        Metric.update(words, "pen"),
        Metric.increment(ours),
        Metric.set(bytes, 7n)
      ],
      { discard: true }
    )
})

const world = Layer.mergeAll(memory(), quiet)

describe("metrics of the code of a pipeline", () => {
  it.scopedLive("are in /metrics, in both formats, beside those of the service", () =>
    Effect.gen(function* () {
      const app = yield* Server.httpApp(shop)
      for (const n of [0.5, 4, 40]) yield* ask(app, "/invoke", { json: { parameters: { n } } })
      const { text } = yield* ask(app, "/metrics")
      const lines = text.split("\n")
      for (const line of [
        "# HELP shop_orders_total Orders\\nof the shop.",
        "# TYPE shop_orders_total counter",
        "shop_orders_total 3",
        'shop_stock{shelf="a\\"\\\\b"} 40',
        'shop_size_bucket{le="1"} 1',
        'shop_size_bucket{le="10"} 2',
        'shop_size_bucket{le="+Inf"} 3',
        "shop_size_sum 44.5",
        "shop_size_count 3",
        "shop_wait_count 3",
        'shop_words_total{value="pen"} 3',
        "user_deployers_runs_total 3",
        "# TYPE shop_orders_total_gauge gauge",
        'deployers_runs_total{status="succeeded"} 3'
      ]) {
        assert.include(lines, line)
      }
      assert.match(text, /^shop_wait\{quantile="0.5"\} [\d.]+$/m)
      const types = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2])
      assert.strictEqual(new Set(types).size, types.length)
      const open = yield* ask(app, "/metrics", { headers: { accept: "application/openmetrics-text" } })
      assert.include(open.text, "# TYPE shop_orders counter\nshop_orders_total 3\n")
      assert.match(open.text, /\n# EOF\n$/)
    }).pipe(Effect.provide(world))
  )

  const family = (type: UserMetrics.Family["type"], samples: UserMetrics.Family["samples"]): UserMetrics.Family => ({
    name: type,
    type,
    help: "",
    samples
  })

  it("of several workers are sums, and the worse one of two quantiles", () => {
    const one = [
      family("counter", [["counter", 1]]),
      family("summary", [
        ['s{quantile="0.5"}', 4],
        ["s_sum", 2]
      ])
    ]
    const other = [
      family("counter", [
        ["counter", 2],
        ['counter{a="b"}', 5]
      ]),
      family("summary", [
        ['s{quantile="0.5"}', 3],
        ["s_sum", 2]
      ])
    ]
    assert.deepStrictEqual(UserMetrics.add(one, other), [
      family("counter", [
        ["counter", 3],
        ['counter{a="b"}', 5]
      ]),
      family("summary", [
        ['s{quantile="0.5"}', 4],
        ["s_sum", 4]
      ])
    ])
    assert.deepStrictEqual(UserMetrics.add([], one), one)
  })

  it("of a worker that has ended keep what they counted", () => {
    assert.deepStrictEqual(
      UserMetrics.counted([
        family("gauge", [["gauge", 1]]),
        family("counter", [["counter", 1]]),
        family("summary", [
          ['s{quantile="0.5"}', 4],
          ["s_sum", 2]
        ])
      ]),
      [family("counter", [["counter", 1]]), family("summary", [["s_sum", 2]])]
    )
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Ref, TestClock } from "effect"
import { run, write } from "../../../../src/Conformance/StoreSuite/Fixtures.js"
import { StoreError } from "../../../../src/Errors/Stores.js"
import * as Retention from "../../../../src/Server/Run/Records/Retention.js"
import { RunStore } from "../../../../src/Store/RunStore.js"
import * as Runs from "../../../../src/Store/Runs.js"
import { invoke, request, served } from "../../Harness.js"
import { weather } from "../../Pipelines.js"

const stored = (from: number, to: number) =>
  Effect.flatMap(RunStore, ({ commit }) =>
    commit(Array.from({ length: to - from + 1 }, (_, n) => write(run(from + n))))
  )

const oldestAndCount = Effect.flatMap(RunStore, ({ list }) =>
  Effect.map(list({ limit: 1_000 }), ({ runs }) => [runs.at(-1)?.index, runs.length])
)

describe("Retention.keepLooking", () => {
  it.scoped("keeps as many runs as set, however many more there are", () =>
    Effect.gen(function* () {
      yield* stored(1, 1_300)
      yield* Retention.keepLooking({ keepRuns: 5 })
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* oldestAndCount, [1_296, 5])
      yield* stored(1_301, 1_310)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* oldestAndCount, [1_306, 5])
    }).pipe(Effect.provide(Runs.layerMemory))
  )

  it.scoped("keeps runs as long as set", () =>
    Effect.gen(function* () {
      // They were started in the second second of the clock, a millisecond apart.
      yield* stored(1, 100)
      yield* Retention.keepLooking({ keepRunsMillis: 60_000 })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* oldestAndCount, [1, 100])
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(yield* oldestAndCount, [undefined, 0])
    }).pipe(Effect.provide(Runs.layerMemory))
  )

  it.scoped("keeps all if nothing is set", () =>
    Effect.gen(function* () {
      yield* stored(1, 10)
      yield* Retention.keepLooking({})
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* oldestAndCount, [1, 10])
    }).pipe(Effect.provide(Runs.layerMemory))
  )

  it.scoped("says what cannot be removed, and goes on", () =>
    Effect.gen(function* () {
      const logged = yield* Ref.make<ReadonlyArray<string>>([])
      const logger = Logger.make(({ message }) => {
        Effect.runSync(Ref.update(logged, (all) => [...all, String(message)]))
      })
      const store = yield* RunStore
      const attempts = yield* Ref.make(0)
      const failsOnce = Effect.flatMap(
        Ref.getAndUpdate(attempts, (n) => n + 1),
        (before) =>
          before === 0
            ? Effect.fail(new StoreError({ store: "runs", operation: "runs.prune", reason: "full" }))
            : Effect.void
      )
      const shaky = RunStore.of({ ...store, prune: (options) => Effect.zipRight(failsOnce, store.prune(options)) })
      yield* stored(1, 10)
      yield* Retention.keepLooking({ keepRuns: 4 }).pipe(
        Effect.provideService(RunStore, shaky),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* oldestAndCount, [7, 4])
      const [line] = yield* Ref.get(logged)
      assert.match(line ?? "", /^Old runs could not be removed: .*disk that holds it is full/)
    }).pipe(Effect.provide(Layer.fresh(Runs.layerMemory)))
  )
})

describe("GET /runs, of a service that keeps few", () => {
  it.effect("has the newest, and counts all", () =>
    Effect.gen(function* () {
      const first = yield* invoke({ city: "Oslo" })
      for (const city of ["a", "bb", "ccc"]) yield* invoke({ city })
      yield* TestClock.adjust("3 seconds")
      const { json } = yield* request("/runs")
      assert.deepStrictEqual(
        json.runs.map(({ index }) => index),
        [4, 3]
      )
      assert.strictEqual((yield* request(`/runs/${first.json.metadata.runId}`)).status, 404)
      assert.include((yield* request("/metrics")).text, 'deployers_runs_total{status="succeeded"} 4')
      assert.strictEqual((yield* invoke({ city: "dddd" })).json.metadata.runIndex, 5)
    }).pipe(Effect.provide(served(weather, { serving: { keepRuns: 2 } })))
  )
})

import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema, TestClock } from "effect"
import { id, started, write } from "../../../../src/Conformance/StoreSuite/Fixtures.js"
import * as RunSignals from "../../../../src/Server/Run/Durable/RunSignals.js"
import { RunStore } from "../../../../src/Store/RunStore.js"
import * as Runs from "../../../../src/Store/Runs.js"

const Body = Schema.Struct({ by: Schema.String })
const check = Schema.decodeUnknown(Body)

/** A wait of the first run, and the number of its looks. */
const waitOfFirst = Effect.map(RunSignals.RunSignals, ({ wait }) => {
  let looks = 0
  const stop = wait({
    runId: id(1),
    name: "go",
    check: (data) => Effect.mapError(check(data), ({ issue }) => issue),
    schema: Body,
    look: () => {
      looks++
    }
  })
  return { looks: Effect.sync(() => looks), stop: Effect.sync(stop) }
})

it.layer(Layer.provideMerge(RunSignals.layer, Layer.orDie(Runs.layerMemory)))("RunSignals", (it) => {
  it.effect("has a wait look for every signal that another process stored, not only for the first", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), write(started(2))])
      const wait = yield* waitOfFirst
      yield* TestClock.adjust("1 second")
      const before = yield* wait.looks
      for (const nth of [1, 2, 3]) {
        assert.isTrue(Option.isSome(yield* store.signal({ runId: id(1), name: "go", data: { by: "Ada" } })))
        yield* TestClock.adjust("250 millis")
        assert.strictEqual(yield* wait.looks, before + nth)
      }
      yield* store.signal({ runId: id(2), name: "go", data: { by: "Ada" } })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* wait.looks, before + 3)
      yield* wait.stop
    })
  )

  it.effect("knows the problems of a body while the run waits, and only then", () =>
    Effect.gen(function* () {
      const { problems } = yield* RunSignals.RunSignals
      const signal = { runId: id(1), name: "go", data: { by: 7 } }
      assert.isUndefined(yield* problems(signal))
      const wait = yield* waitOfFirst
      assert.deepStrictEqual(yield* problems(signal), [{ path: "by", reason: "must be a string" }])
      assert.deepStrictEqual(yield* problems({ ...signal, data: { by: "Ada" } }), [])
      assert.isUndefined(yield* problems({ ...signal, name: "stop" }))
      yield* wait.stop
      assert.isUndefined(yield* problems(signal))
    })
  )
})

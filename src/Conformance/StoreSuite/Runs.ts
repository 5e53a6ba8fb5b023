/** Laws of a run store. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { RunStore } from "../../Store/RunStore.js"
import * as DurableRuns from "./DurableRuns.js"
import * as Events from "./Events.js"
import { id, run, started, step, summary, write } from "./Fixtures.js"
import * as IdempotencyKeys from "./IdempotencyKeys.js"
import * as Schedules from "./Schedules.js"
import * as Sessions from "./Sessions.js"
import * as Webhooks from "./Webhooks.js"

const found = (n: number) => Effect.flatMap(RunStore, (store) => Effect.map(store.find(id(n)), Option.getOrThrow))

const none = { queued: 0, running: 0, succeeded: 0, failed: 0, interrupted: 0 }

const ending = <E>(layer: Layer.Layer<RunStore, E>) => {
  it.effect("a run is written when it starts and again when it ends", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const going = started(1, { steps: [step("a", 5, { status: "running" })] })
      yield* store.commit([write(going)])
      assert.deepStrictEqual(yield* found(1), going)
      const ended = run(1, { steps: [step("a", 5), step("b", 6)] })
      yield* store.commit([write(ended)])
      assert.deepStrictEqual(yield* found(1), ended)
      assert.deepStrictEqual(yield* store.counts, { ...none, succeeded: 1 })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a run has the response that its pipeline set, written with its end or later", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const response = { status: 201, headers: { location: "/orders/1", "x-a": 'b"c' } }
      const set = (n: number) => ({ _tag: "Response" as const, runId: id(n), response })
      yield* store.commit([write(started(1)), write(started(2))])
      yield* store.commit([write(run(1)), set(1), write(run(2)), set(3)])
      assert.deepStrictEqual(yield* found(1), run(1, { response, steps: [] }))
      assert.deepStrictEqual(yield* found(2), run(2, { steps: [] }))
      yield* store.commit([set(2)])
      assert.deepStrictEqual(yield* found(2), run(2, { response, steps: [] }))
      const events = Option.getOrThrow(yield* store.events({ runId: id(1), after: 0 })).events
      assert.deepInclude(events.at(-1)?.data, { response })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a run read without parsing its values has the same JSON as the run", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const outputs = { list: [1, null, '\u2028 "é"'], toJSON: 1 }
      const failed = { status: "failed" as const, error: { _tag: "TooCold", at: -0.5 } }
      const steps = [step("a", 5, { outputs: null }), step("b", 6, failed), step("c", 7, { status: "running" })]
      yield* store.commit([write(run(1, { outputs, steps })), write(run(2, failed)), write(started(3))])
      for (const n of [1, 2, 3]) {
        const unparsed = Option.getOrThrow(yield* store.find(id(n), { values: "encoded" }))
        assert.strictEqual(JSON.stringify(unparsed), JSON.stringify(yield* found(n)))
      }
      assert.isTrue(Option.isNone(yield* store.find(id(4), { values: "encoded" })))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a run that ended never changes, not in a later batch and not in the same", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const ended = run(1, { status: "interrupted", cause: "timeout", steps: [step("a", 5)] })
      const late = [write(started(1, { steps: [step("b", 6)] })), write(run(1, { steps: [step("c", 7)] }))]
      yield* store.commit([write(started(1)), write(ended), ...late])
      assert.deepStrictEqual(yield* found(1), ended)
      yield* store.commit([...late, write(run(2))])
      assert.deepStrictEqual(yield* found(1), ended)
      assert.deepStrictEqual(yield* store.counts, { ...none, interrupted: 1, succeeded: 1 })
    }).pipe(Effect.provide(layer))
  )

  it.effect("runs a dead process left running or waiting are marked as lost, with their steps", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const steps = [step("a", 5), step("b", 6, { status: "running" })]
      yield* store.commit([write(started(1, { steps })), write(started(2)), write(run(3))])
      yield* store.commit([write(started(4, { status: "queued" }))])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* store.markLost, 3)
      assert.strictEqual(yield* store.markLost, 0)
      const lost = yield* found(1)
      assert.deepInclude({ ...lost }, { status: "interrupted", cause: "lost", finishedAt: yield* DateTime.now })
      assert.deepStrictEqual(
        lost.steps?.map(({ status }) => status),
        ["succeeded", "interrupted"]
      )
      assert.deepStrictEqual(yield* store.counts, { ...none, succeeded: 1, interrupted: 3 })
      yield* store.commit([write(run(1))])
      assert.deepStrictEqual(yield* found(1), lost)
    }).pipe(Effect.provide(layer))
  )
}

const paging = <E>(layer: Layer.Layer<RunStore, E>) => {
  it.effect("G41: pages go through all runs, newest first, each once, while new ones arrive", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit(Array.from({ length: 25 }, (_, n) => write(run(n + 1))))
      const first = yield* store.list({ limit: 10 })
      yield* store.commit([write(run(99))])
      const second = yield* store.list({ limit: 10, cursor: first.nextCursor })
      const third = yield* store.list({ limit: 10, cursor: second.nextCursor })
      const indexes = [first, second, third].flatMap((page) => page.runs.map(({ index }) => index))
      assert.deepStrictEqual(
        indexes,
        Array.from({ length: 25 }, (_, n) => 25 - n)
      )
      assert.isUndefined(third.nextCursor)
    }).pipe(Effect.provide(layer))
  )

  it.effect("filtered by status, without data; the last full page has no next", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([
        write(run(1, { steps: [step("a", 1)] })),
        write(run(2, { status: "failed", error: { _tag: "TooCold" } })),
        write(run(3))
      ])
      const { nextCursor, runs } = yield* store.list({ status: "succeeded", limit: 2 })
      assert.deepStrictEqual(runs, [summary(3), summary(1)])
      assert.isUndefined(nextCursor)
      const rest = yield* store.list({ status: "succeeded", limit: 2, cursor: id(3) })
      assert.deepStrictEqual(rest.runs, [summary(1)])
    }).pipe(Effect.provide(layer))
  )

  it.effect("an invalid cursor returns the first page", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(run(1)), write(run(2))])
      const first = yield* store.list({ limit: 1 })
      for (const cursor of ["", "nonsense", "' OR 1=1 --", "0"]) {
        assert.deepStrictEqual(yield* store.list({ limit: 1, cursor }), first)
      }
    }).pipe(Effect.provide(layer))
  )
}

const logging = <E>(layer: Layer.Layer<RunStore, E>) => {
  const line = (n: number, sequence: number) =>
    ({ _tag: "Log", runId: id(n), sequence, at: 5, level: "INFO", data: { message: `${n}/${sequence}` } }) as const

  it.effect("the lines of a run come back in their order, page by page, and go with the run", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      assert.isTrue(Option.isNone(yield* store.logs({ runId: id(1), after: 0, limit: 10 })))
      yield* store.commit([line(1, 2), line(1, 1), write(run(1)), write(run(2)), line(1, 3), line(1, 3)])
      const read = (n: number, after: number, limit: number) =>
        Effect.map(Effect.map(store.logs({ runId: id(n), after, limit }), Option.getOrThrow), (page) => [
          page.lines.map(({ message }) => message),
          page.nextAfter
        ])
      assert.deepStrictEqual(yield* read(1, 0, 2), [["1/1", "1/2"], 2])
      assert.deepStrictEqual(yield* read(1, 2, 2), [["1/3"], undefined])
      assert.deepStrictEqual(yield* read(2, 0, 2), [[], undefined])
      yield* store.prune({ keep: 1 })
      assert.isTrue(Option.isNone(yield* store.logs({ runId: id(1), after: 0, limit: 10 })))
    }).pipe(Effect.provide(layer))
  )
}

const pruning = <E>(layer: Layer.Layer<RunStore, E>) => {
  const message = (n: number) => ({ _tag: "Message", runId: id(n), sequence: 2, at: 1, data: n }) as const
  const left = Effect.gen(function* () {
    const store = yield* RunStore
    const { runs } = yield* store.list({ limit: 1_000 })
    return runs.map(({ index }) => index).reverse()
  })
  const before = (n: number) => run(n).startedAt
  const going = started(3, { steps: [step("a", 5, { status: "running" })] })
  const filled = Effect.gen(function* () {
    const store = yield* RunStore
    const ended = [1, 2, 4, 5, 6].map((n) => run(n, { steps: [step("a", n), step("b", n)] }))
    yield* store.commit([...ended.slice(0, 2), going, ...ended.slice(2)].map(write))
    yield* store.commit([1, 3, 6].map(message))
    return store
  })

  it.effect(
    "removes what is more than is to be kept, with steps and messages, and leaves what goes and all counts",
    () =>
      Effect.gen(function* () {
        const store = yield* filled
        const counts = yield* store.counts
        assert.strictEqual(yield* store.prune({ keep: 6 }), 0)
        assert.strictEqual(yield* store.prune({ keep: 2 }), 3)
        assert.strictEqual(yield* store.prune({ keep: 2 }), 0)
        assert.deepStrictEqual(yield* left, [3, 5, 6])
        assert.isTrue(Option.isNone(yield* store.find(id(1))))
        assert.isTrue(Option.isNone(yield* store.events({ runId: id(1), after: 0 })))
        assert.deepStrictEqual(yield* found(3), going)
        assert.lengthOf((yield* found(6)).steps ?? [], 2)
        assert.deepStrictEqual(yield* Events.positions(id(3)), [1, 2])
        assert.deepStrictEqual(yield* store.counts, counts)
        assert.strictEqual(yield* store.lastIndex, 6)
      }).pipe(Effect.provide(layer))
  )

  it.effect("removes runs that started before a time, under every other limit", () =>
    Effect.gen(function* () {
      const store = yield* filled
      assert.strictEqual(yield* store.prune({ before: before(1) }), 0)
      assert.strictEqual(yield* store.prune({ keep: 100, before: before(5) }), 3)
      assert.deepStrictEqual(yield* left, [3, 5, 6])
      assert.strictEqual(yield* store.prune({ keep: 1, before: before(1) }), 1)
      assert.deepStrictEqual(yield* left, [3, 6])
      assert.strictEqual(yield* store.prune({ before: before(100) }), 1)
      assert.strictEqual(yield* store.prune({}), 0)
      yield* store.commit([write(run(3, { steps: [step("a", 5)] })), write(run(7))])
      assert.deepStrictEqual(yield* left, [3, 7])
      assert.lengthOf((yield* found(3)).steps ?? [], 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("removes many runs in several batches, and new runs are stored meanwhile", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit(Array.from({ length: 1_200 }, (_, n) => write(run(n + 1, { steps: [step("a", n)] }))))
      const removed = yield* Effect.iterate([-1], {
        while: (all) => all.at(-1) !== 0,
        body: (all) => Effect.map(store.prune({ keep: 10 }), (count) => [...all, count])
      })
      assert.strictEqual(
        removed.slice(1).reduce((sum, count) => sum + count),
        1_190
      )
      assert.isAbove(removed.length, 3)
      yield* store.commit([write(run(1_201, { steps: [step("a", 1)] }))])
      assert.lengthOf(yield* left, 11)
      assert.lengthOf((yield* found(1_191)).steps ?? [], 1)
      assert.lengthOf((yield* found(1_201)).steps ?? [], 1)
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of a run store. */
export const runRecords = <E>(layer: Layer.Layer<RunStore, E>): void => {
  describe("runs", () => {
    it.effect("an empty store has nothing", () =>
      Effect.gen(function* () {
        const store = yield* RunStore
        yield* store.commit([])
        assert.isTrue(Option.isNone(yield* store.find(id(1))))
        assert.deepStrictEqual(yield* store.list({ limit: 10 }), { runs: [], nextCursor: undefined })
        assert.deepStrictEqual(yield* store.counts, none)
        assert.strictEqual(yield* store.lastIndex, 0)
        assert.strictEqual(yield* store.markLost, 0)
      }).pipe(Effect.provide(layer))
    )

    it.effect("every field comes back as it was, absent ones as absent and JSON null as null", () =>
      Effect.gen(function* () {
        const store = yield* RunStore
        const values = [null, 0, "", "\u{1f511}\u0000", [], {}, { a: [{ b: null }] }, 1.5e300]
        const runs = values.map((value, n) =>
          run(n + 1, { parameters: value, outputs: value, error: value, steps: [step("a", n, { outputs: value })] })
        )
        yield* store.commit([...runs.map(write), write(started(50))])
        for (const [n, expected] of runs.entries()) assert.deepStrictEqual(yield* found(n + 1), expected)
        assert.deepStrictEqual(yield* found(50), { ...started(50), steps: [] })
      }).pipe(Effect.provide(layer))
    )

    it.effect("steps come back in the order they were started", () =>
      Effect.gen(function* () {
        const store = yield* RunStore
        const steps = [step("c", 1), step("a", 3), step("b", 3), step("d", 2)]
        yield* store.commit([write(run(1, { steps }))])
        assert.deepStrictEqual(
          (yield* found(1)).steps?.map(({ name }) => name),
          ["c", "d", "a", "b"]
        )
      }).pipe(Effect.provide(layer))
    )

    it.effect("a batch of 1,000 runs with steps and messages is stored; the highest index is remembered", () =>
      Effect.gen(function* () {
        const store = yield* RunStore
        const steps = [step("a", 1), step("b", 2)]
        yield* store.commit(
          Array.from({ length: 1_000 }, (_, n) => [
            write(run(n + 1, { steps })),
            { _tag: "Message" as const, runId: id(n + 1), sequence: 2, at: n, data: { n } }
          ]).flat()
        )
        assert.deepStrictEqual(yield* store.counts, { ...none, succeeded: 1_000 })
        assert.strictEqual(yield* store.lastIndex, 1_000)
        for (const n of [1, 129, 777, 1_000]) {
          assert.deepStrictEqual(yield* found(n), run(n, { steps }))
          assert.deepStrictEqual(yield* Events.messages(id(n)), [{ sequence: 2, event: "message", data: { n: n - 1 } }])
        }
      }).pipe(Effect.provide(layer))
    )

    it.effect("a batch with one invalid entry is rejected as a whole", () =>
      Effect.gen(function* () {
        const store = yield* RunStore
        const cyclic: Array<unknown> = []
        cyclic.push(cyclic)
        for (const bad of [run(2, { outputs: cyclic }), run(2, { outputs: 1n })]) {
          const error = yield* Effect.flip(store.commit([write(run(1)), write(bad)]))
          assert.strictEqual(error._tag, "StoreError")
        }
        assert.deepStrictEqual(yield* store.counts, none)
      }).pipe(Effect.provide(layer))
    )

    ending(layer)
    paging(layer)
    pruning(layer)
    Events.laws(layer)
    IdempotencyKeys.laws(layer)
    Sessions.laws(layer)
    Schedules.laws(layer)
    Webhooks.laws(layer)
    logging(layer)
    DurableRuns.laws(layer)
  })
}

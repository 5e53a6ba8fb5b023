/** Laws of the leases, journals and signals of runs. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type JournalEntry, RunStore, type RunWrite } from "../../Store/RunStore.js"
import { id, run, started, step, write } from "./Fixtures.js"

const lease = (n: number, token: number, request?: string): RunWrite => ({
  _tag: "Lease",
  runId: id(n),
  token,
  request
})

const entry = (ordinal: number, fields?: Partial<JournalEntry>): JournalEntry => ({
  ordinal,
  parent: 0,
  kind: "step",
  name: "a",
  number: ordinal,
  isSequential: true,
  digest: "d",
  failures: 0,
  ...fields
})

const journaled = (n: number, of: JournalEntry): RunWrite => ({ _tag: "Entry", runId: id(n), entry: of })

/** Laws that hold over any run store of one generation. */
export const laws = <E>(layer: Layer.Layer<RunStore, E>) => {
  it.effect("a run with a lease is not lost with its process: the next one takes it, with steps and journal", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const entries = [
        entry(1, { result: "value", position: 0 }),
        entry(2, { kind: "once", name: "id", isSequential: false, parent: 1, result: "value", value: { x: null } }),
        entry(3, { failures: 2 })
      ]
      const steps = [step("a", 7, { startedSequence: 2, finishedSequence: 3 }), step("b", 5, { startedSequence: 4 })]
      yield* store.commit([
        write(started(1, { steps })),
        lease(1, 1, "{}"),
        ...entries.map((entry) => journaled(1, entry)),
        write(started(2))
      ])
      assert.strictEqual(yield* store.markLost, 1)
      assert.deepStrictEqual(yield* store.take(10), [])
      assert.strictEqual(yield* store.orphan, 1)
      const [taken, ...others] = yield* store.take(10)
      assert.lengthOf(others, 0)
      assert.deepStrictEqual(taken, {
        run: started(1, { steps }),
        token: 3,
        recoveries: 1,
        request: "{}",
        sequence: 4,
        lines: 0,
        journal: entries
      })
      assert.deepStrictEqual(yield* store.take(10), [])
      assert.deepStrictEqual(yield* store.journal(id(1)), { journal: entries, steps })
    }).pipe(Effect.provide(layer))
  )

  it.effect("writes with an old token fail as fenced and store nothing", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), lease(1, 1, "{}")])
      yield* store.commit([journaled(1, entry(1)), lease(1, 1)])
      yield* store.orphan
      yield* store.take(10)
      for (const late of [write(run(1)), journaled(1, entry(1, { result: "value" }))]) {
        const error = yield* Effect.flip(store.commit([late, lease(1, 1)]))
        assert.strictEqual(error.reason, "fenced")
      }
      assert.strictEqual((yield* Effect.flatten(store.find(id(1)))).status, "running")
      assert.deepStrictEqual((yield* store.journal(id(1))).journal, [entry(1)])
      yield* store.commit([write(run(1)), lease(1, 3)])
      assert.strictEqual((yield* Effect.flatten(store.find(id(1)))).status, "succeeded")
    }).pipe(Effect.provide(layer))
  )

  it.effect("a released run counts no recovery, and progress sets the count back", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), lease(1, 1, "{}")])
      yield* store.orphan
      const [first] = yield* store.take(1)
      assert.deepInclude({ ...first }, { token: 3, recoveries: 1 })
      yield* store.commit([lease(1, 3), { _tag: "Release", runId: id(1) }])
      const [second] = yield* store.take(1)
      assert.deepInclude({ ...second }, { token: 5, recoveries: 1 })
      yield* store.commit([{ _tag: "Lease", runId: id(1), token: 5, isProgress: true }])
      yield* store.orphan
      assert.deepInclude({ ...(yield* store.take(1))[0] }, { recoveries: 1 })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a service without recovery marks such runs as lost", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const steps = [step("a", 5, { status: "running" })]
      yield* store.commit([write(started(1, { steps })), lease(1, 1, "{}")])
      assert.strictEqual(yield* store.abandon({ own: false }), 0)
      assert.strictEqual(yield* store.abandon({ own: true }), 1)
      const lost = yield* Effect.flatten(store.find(id(1)))
      assert.deepInclude({ ...lost }, { status: "interrupted", cause: "lost" })
      assert.strictEqual(lost.steps?.[0]?.status, "interrupted")
    }).pipe(Effect.provide(layer))
  )

  it.effect("signals are kept in their order, for runs in progress only", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), write(run(2))])
      const { last } = yield* store.signalled(-1)
      const signal = (n: number, name: string, data: unknown) => store.signal({ runId: id(n), name, data })
      const first = Option.getOrThrow(yield* signal(1, "go", { a: null }))
      yield* signal(1, "stop", null)
      const third = Option.getOrThrow(yield* signal(1, "go", 2))
      for (const n of [2, 3]) assert.isTrue(Option.isNone(yield* signal(n, "go", 1)))
      const next = (after: number) => store.nextSignal({ runId: id(1), name: "go", after })
      assert.deepStrictEqual(yield* next(0), Option.some({ sequence: first, data: { a: null } }))
      assert.deepStrictEqual(yield* next(first), Option.some({ sequence: third, data: 2 }))
      assert.deepStrictEqual(yield* next(third), Option.none())
      const looked = yield* store.signalled(last)
      assert.deepStrictEqual([...new Set(looked.runIds)], [id(1)])
      yield* store.commit([write(started(4))])
      yield* signal(4, "go", 1)
      assert.include((yield* store.signalled(looked.last)).runIds, id(4))
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of a run store about schedules, and about the contents that runs refer to. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { RunStore } from "../../Store/RunStore.js"
import { id, run, started, step, write } from "./Fixtures.js"

/** Registers the laws; to be called within a suite. */
export const laws = <E>(layer: Layer.Layer<RunStore, E>) => {
  const registered = Effect.flatMap(RunStore, ({ schedules }) =>
    Effect.as(schedules.register({ name: "s", cron: "a", nextAt: 100 }), schedules)
  )
  const claim = (expected: number, n: number, overlap = false) => ({
    name: "s",
    cron: "a",
    expected,
    nextAt: expected + 100,
    firings: [{ dueAt: expected, runId: id(n) }],
    overlap
  })

  it.effect("a time of a schedule is claimed once, and not while it is paused", () =>
    Effect.gen(function* () {
      const schedules = yield* registered
      assert.lengthOf(yield* schedules.claim({ ...claim(100, 1), cron: "b" }), 0)
      assert.deepStrictEqual(yield* schedules.claim(claim(100, 1)), [{ name: "s", dueAt: 100, runId: id(1) }])
      assert.deepStrictEqual(yield* schedules.claim(claim(100, 2)), [])
      yield* schedules.register({ name: "s", cron: "a", nextAt: 5 })
      yield* schedules.pause("s", { isPaused: true, nextAt: 0 })
      assert.deepStrictEqual(yield* schedules.claim(claim(200, 3, true)), [])
      yield* schedules.pause("s", { isPaused: false, nextAt: 300 })
      const [found] = yield* schedules.find(["s", "t"])
      assert.deepInclude(found, { name: "s", cron: "a", isPaused: false, nextAt: 300 })
      yield* schedules.register({ name: "s", cron: "c", nextAt: 7 })
      assert.deepInclude((yield* schedules.find(["s"]))[0], { cron: "c", nextAt: 7 })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a firing is skipped while the run before is in progress", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const schedules = yield* registered
      yield* schedules.claim(claim(100, 1))
      assert.deepStrictEqual(yield* schedules.claim(claim(200, 2)), [])
      yield* store.commit([write(started(1))])
      yield* schedules.started({ name: "s", dueAt: 100, runId: id(1) })
      assert.deepStrictEqual(yield* schedules.claim(claim(300, 3)), [])
      assert.lengthOf(yield* schedules.claim(claim(400, 4, true)), 1)
      yield* store.commit([write(run(1)), write(run(4))])
      yield* schedules.started({ name: "s", dueAt: 400, runId: id(4) })
      assert.lengthOf(yield* schedules.claim(claim(500, 5)), 1)
      const [found] = yield* schedules.find(["s"])
      assert.deepStrictEqual(
        found?.firings.map(({ runId, state }) => [state, runId]),
        [
          ["claimed", id(5)],
          ["started", id(4)],
          ["skipped", undefined],
          ["skipped", undefined],
          ["started", id(1)]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("a firing whose process died is claimed again once, unless its run is on record", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const schedules = yield* registered
      yield* schedules.claim(claim(100, 1))
      yield* schedules.claim(claim(200, 2, true))
      yield* store.commit([write(started(1))])
      assert.deepStrictEqual(yield* schedules.reclaim({ names: ["s"], afterMillis: 1 }), [])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* schedules.reclaim({ names: ["t"], afterMillis: 60_000 }), [])
      const again = [{ name: "s", dueAt: 200, runId: id(2) }]
      assert.deepStrictEqual(yield* schedules.reclaim({ names: ["s"], afterMillis: 60_000 }), again)
      assert.deepStrictEqual(yield* schedules.reclaim({ names: ["s"], afterMillis: 60_000 }), [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a content is removed ten minutes after the last reference to it", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const removed = yield* Ref.make<ReadonlyArray<string>>([])
      const sweep = Effect.zipRight(
        store.artifacts.sweep((digest) => Ref.update(removed, (all) => [...all, digest])),
        Ref.getAndSet(removed, [])
      )
      const reference = (n: number, digest: string) =>
        ({ _tag: "Artifact", runId: id(n), step: digest, artifact: { digest, bytes: 3 } }) as const
      for (const digest of ["a", "b", "c"]) yield* store.artifacts.hold(digest)
      yield* store.commit([write(run(1)), write(run(2)), reference(1, "a"), reference(2, "a"), reference(1, "b")])
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(yield* sweep, [])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* sweep, ["c"])
      assert.strictEqual(yield* store.prune({ keep: 1 }), 1)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* sweep, ["b"])
      yield* store.commit([write(run(3))])
      yield* store.prune({ keep: 1 })
      yield* store.artifacts.hold("a")
      yield* TestClock.adjust("9 minutes")
      yield* store.artifacts.hold("a")
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(yield* sweep, [])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* sweep, ["a"])
      assert.deepStrictEqual(yield* sweep, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("the output of a cached step is found until its time or its run is over", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const output = (n: number, key: string, expiresAt?: number) =>
        ({ _tag: "CacheOutput", runId: id(n), step: "s", key, output: [key, n], expiresAt }) as const
      yield* store.commit([write(run(1)), write(run(2)), output(1, "a"), output(1, "b", 1_000), output(1, "c")])
      yield* store.commit([output(2, "c")])
      const found = (key: string) =>
        Effect.map(store.cachedStep(key), (one) => Option.getOrUndefined(Option.map(one, ({ output }) => output)))
      assert.deepStrictEqual(
        [yield* found("a"), yield* found("b"), yield* found("c"), yield* found("d")],
        [["a", 1], ["b", 1], ["c", 2], undefined]
      )
      yield* TestClock.adjust("1 second")
      assert.isUndefined(yield* found("b"))
      yield* store.prune({ keep: 1 })
      assert.deepStrictEqual([yield* found("a"), yield* found("c")], [undefined, ["c", 2]])
      const hit = { _tag: "CacheHit", runId: id(3), step: "s", from: { runId: id(2), step: "s" } } as const
      yield* store.commit([write(run(3, { steps: [step("s", 1)] })), hit])
      const [again] = Option.getOrThrow(yield* store.find(id(3))).steps ?? []
      assert.deepStrictEqual(again?.cachedFrom, { runId: id(2), step: "s" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a step has the reference of its output", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const stored = run(1, { steps: [step("s", 1)] })
      yield* store.commit([
        write(stored),
        { _tag: "Artifact", runId: id(1), step: "s", artifact: { digest: "d", bytes: 3 } }
      ])
      const [found] = Option.getOrThrow(yield* store.find(id(1))).steps ?? []
      assert.deepStrictEqual(found?.artifact, { digest: "d", bytes: 3 })
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of a run store about idempotency keys and about requests to cancel runs. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { RunStore } from "../../Store/RunStore.js"
import { id, run, started, write } from "./Fixtures.js"

/** Registers the laws; to be called within a suite. */
export const laws = <E>(layer: Layer.Layer<RunStore, E>) => {
  const claim = { key: "k", digest: "d", runId: id(1) }

  it.effect("a key stands for the run that claimed it first, with its answer once that is stored", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      assert.isTrue(Option.isNone(yield* store.claimed("k")))
      assert.isTrue(Option.isNone(yield* store.claim(claim)))
      const taken = { runId: id(1), digest: "d", answer: undefined }
      assert.deepStrictEqual(yield* store.claim({ ...claim, digest: "e", runId: id(2) }), Option.some(taken))
      const answer = { status: 201, body: '{"success":true}', headers: { location: "/orders/1" } }
      const stranger = { _tag: "Answer" as const, runId: id(2), key: "k", status: 500, body: "" }
      yield* store.commit([write(run(1)), { _tag: "Answer", runId: id(1), key: "k", ...answer }, stranger])
      assert.deepStrictEqual(yield* store.claimed("k"), Option.some({ ...taken, answer }))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a request to cancel a running run stays until the run has ended", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), write(started(2)), write(run(3))])
      for (const n of [1, 1, 3, 4]) yield* store.cancel(id(n))
      assert.deepStrictEqual(yield* store.cancelled, [id(1)])
      yield* store.alive
      assert.deepStrictEqual(yield* store.cancelled, [id(1)])
      yield* store.commit([write(run(1))])
      assert.deepStrictEqual(yield* store.cancelled, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a key is free again when its run gives it back, and after a day", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.claim(claim)
      yield* store.release({ key: "k", runId: id(2) })
      assert.isTrue(Option.isSome(yield* store.claimed("k")))
      yield* store.release({ key: "k", runId: id(1) })
      assert.isTrue(Option.isNone(yield* store.claim(claim)))
      yield* store.commit([{ _tag: "Answer", runId: id(1), key: "k", status: 200, body: "{}" }])
      yield* TestClock.adjust("23 hours")
      assert.isTrue(Option.isSome(yield* store.claim({ ...claim, runId: id(2) })))
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* store.claim({ ...claim, runId: id(2) })))
      assert.deepStrictEqual(yield* store.claimed("k"), Option.some({ runId: id(2), digest: "d", answer: undefined }))
      yield* TestClock.adjust("1 day")
      yield* store.alive
      assert.isTrue(Option.isNone(yield* store.claimed("k")))
    }).pipe(Effect.provide(layer))
  )
}

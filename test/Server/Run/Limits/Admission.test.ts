import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Admission from "../../../../src/Server/Run/Limits/Admission.js"

/** Admission under a clock that only runs move. */
const make = (limits: { readonly maxConcurrency: number; readonly maxQueue: number }) =>
  Effect.map(Effect.clock, (clock) => {
    let now = 0
    const deferred: Array<() => void> = []
    const admission = Admission.make({
      ...limits,
      clock: Object.assign(Object.create(clock), { unsafeCurrentTimeMillis: () => now }),
      defer: (act) => void deferred.push(act)
    })
    /** Has a run compute as soon as it may, and calls when it has. */
    const compute = (millis: number, onEnd = () => {}) => {
      const place = admission.enter()
      assert.isDefined(place)
      const run = () => {
        now += millis
        place?.release()
        onEnd()
      }
      if (place?.isWaiting === true) return place.onReady(run)
      run()
      admission.computed(millis)
    }
    const nextTurn = () => {
      for (const act of deferred.splice(0)) act()
    }
    return { ...admission, compute, nextTurn }
  })

describe("Admission", () => {
  it.effect("serves in order of arrival and lets waiters leave", () =>
    Effect.gen(function* () {
      const admission = yield* make({ maxConcurrency: 1, maxQueue: 2 })
      const [first, second, third] = [admission.enter(), admission.enter(), admission.enter()]
      const started: Array<string> = []
      second?.onReady(() => started.push("second"))
      third?.onReady(() => started.push("third"))
      assert.isUndefined(admission.enter())
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 2])
      second?.release()
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 1])
      first?.release()
      first?.release()
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 0])
      assert.deepStrictEqual(started, ["third"])
      third?.release()
      assert.strictEqual(admission.inFlight(), 0)
    })
  )

  it.effect("starts at once what may start before it says how", () =>
    Effect.gen(function* () {
      const admission = yield* make({ maxConcurrency: 1, maxQueue: 1 })
      const [first, second] = [admission.enter(), admission.enter()]
      first?.release()
      let isStarted = false
      second?.onReady(() => {
        isStarted = true
      })
      assert.isTrue(isStarted)
    })
  )
})

describe("Admission of runs that compute", () => {
  it.effect("lets them wait for the next turn when others have computed long in this one", () =>
    Effect.gen(function* () {
      const admission = yield* make({ maxConcurrency: 100, maxQueue: 10 })
      admission.compute(Admission.budgetMillis - 1)
      admission.compute(1)
      const waiting = admission.enter()
      assert.isTrue(waiting?.isWaiting)
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [0, 1])
      admission.nextTurn()
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 0])
      waiting?.release()
      assert.isFalse(admission.enter()?.isWaiting)
    })
  )

  it.effect("starts those that waited one by one, as long as the turn allows, in order", () =>
    Effect.gen(function* () {
      const admission = yield* make({ maxConcurrency: 100, maxQueue: 10 })
      admission.compute(Admission.budgetMillis)
      const done: Array<number> = []
      for (const name of [1, 2, 3]) admission.compute(Admission.budgetMillis / 2, () => done.push(name))
      assert.deepStrictEqual(done, [])
      admission.nextTurn()
      assert.deepStrictEqual(done, [1, 2])
      assert.strictEqual(admission.queued(), 1)
      admission.nextTurn()
      assert.deepStrictEqual(done, [1, 2, 3])
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [0, 0])
    })
  )

  it.effect("lets them wait, too, when many have started in this turn", () =>
    Effect.gen(function* () {
      const admission = yield* make({ maxConcurrency: 100, maxQueue: 10 })
      for (let run = 0; run < Admission.maxRuns; run++) admission.compute(0)
      const waiting = admission.enter()
      assert.isTrue(waiting?.isWaiting)
      admission.nextTurn()
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 0])
    })
  )

  it.effect("does not refuse a run where no run may wait", () =>
    Effect.gen(function* () {
      const admission = yield* make({ maxConcurrency: 100, maxQueue: 0 })
      admission.compute(10 * Admission.budgetMillis)
      assert.isFalse(admission.enter()?.isWaiting)
    })
  )
})

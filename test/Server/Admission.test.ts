import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Admission from "../../src/Server/Admission.js"
import * as Turn from "../../src/Server/Turn.js"

describe("Admission", () => {
  it.effect("serves in order of arrival and lets waiters leave", () =>
    Effect.gen(function* () {
      const admission = Admission.make({ maxConcurrency: 1, maxQueue: 2, clock: yield* Effect.clock })
      const [first, second, third] = [admission.enter(), admission.enter(), admission.enter()]
      assert.isUndefined(admission.enter())
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 2])
      second?.release()
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 1])
      first?.release()
      first?.release()
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 0])
      yield* third?.ready ?? Effect.dieMessage("no place")
      third?.release()
      assert.strictEqual(admission.inFlight(), 0)
    })
  )
})

describe("Admission of runs that compute", () => {
  const make = (maxQueue: number) =>
    Effect.map(Effect.clock, (clock) => {
      let now = 0
      const deferred: Array<() => void> = []
      const admission = Admission.make({
        maxConcurrency: 100,
        maxQueue,
        clock: Object.assign(Object.create(clock), { unsafeCurrentTimeMillis: () => now }),
        defer: (act) => void deferred.push(act)
      })
      const computing = (millis: number, place: Admission.Place | undefined) =>
        Effect.map(place?.ready ?? Effect.dieMessage("no place"), () => {
          now += millis
          place?.release()
          if (place?.isWaiting === false) admission.computed(millis)
        })
      const settled = Effect.repeatN(Effect.yieldNow(), 20)
      const act = Effect.sync(() => {
        for (const act of deferred.splice(0)) act()
      })
      const nextTurn = settled.pipe(Effect.zipRight(act), Effect.zipRight(settled))
      return { ...admission, computing, nextTurn }
    })

  it.effect("lets them wait for the next turn when this one has lasted long", () =>
    Effect.gen(function* () {
      const admission = yield* make(10)
      yield* admission.computing(Turn.budgetMillis - 1, admission.enter())
      yield* admission.computing(1, admission.enter())
      const waiting = admission.enter()
      assert.isTrue(waiting?.isWaiting)
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [0, 1])
      yield* admission.nextTurn
      assert.deepStrictEqual([admission.inFlight(), admission.queued()], [1, 0])
      yield* admission.computing(1, waiting)
      assert.isFalse(admission.enter()?.isWaiting)
    })
  )

  it.effect("starts those that waited one by one, as long as the turn allows, in order", () =>
    Effect.gen(function* () {
      const admission = yield* make(10)
      yield* admission.computing(Turn.budgetMillis, admission.enter())
      const done: Array<number> = []
      const fibers = yield* Effect.forEach([1, 2, 3], (name) => {
        const place = admission.enter()
        return Effect.fork(
          Effect.zipRight(
            admission.computing(Turn.budgetMillis / 2, place),
            Effect.sync(() => done.push(name))
          )
        )
      })
      yield* admission.nextTurn
      assert.deepStrictEqual(done, [1, 2])
      assert.strictEqual(admission.queued(), 1)
      yield* admission.nextTurn
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(done, [1, 2, 3])
    })
  )

  it.effect("does not turn away where nobody may wait", () =>
    Effect.gen(function* () {
      const admission = yield* make(0)
      yield* admission.computing(10 * Turn.budgetMillis, admission.enter())
      assert.isFalse(admission.enter()?.isWaiting)
    })
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Runtime, TestClock } from "effect"
import * as RunTimers from "../../../../src/Server/Run/Execution/RunTimers.js"

/** Timers with the clock of the test, and the number of fibers that they have started. */
const timers = Effect.gen(function* () {
  const runtime = yield* Effect.runtime<never>()
  const refs = yield* Effect.getFiberRefs
  let started = 0
  const runFork = Runtime.runFork(runtime)
  const wait = RunTimers.make(refs, (effect) => {
    started++
    return runFork(effect)
  })
  return { wait, started: () => started }
})

describe("RunTimers.make", () => {
  it.effect("calls each function at its time, in any order of the times", () =>
    Effect.gen(function* () {
      const { wait } = yield* timers
      const called: Array<string> = []
      const note = (name: string) => () => void called.push(name)
      wait(300_000, note("late"))
      wait(1_500, note("soon"))
      yield* TestClock.adjust(1_499)
      assert.deepStrictEqual(called, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(called, ["soon"])
      wait(60_000, note("between"))
      yield* TestClock.adjust(59_999)
      assert.deepStrictEqual(called, ["soon"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(called, ["soon", "between"])
      yield* TestClock.adjust(300_000 - 61_500 - 1)
      assert.deepStrictEqual(called, ["soon", "between"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(called, ["soon", "between", "late"])
    })
  )

  it.effect("starts one fiber for many that are called off soon, and never calls these", () =>
    Effect.gen(function* () {
      const { wait, started } = yield* timers
      let called = 0
      for (let timer = 0; timer < 1_000; timer++) wait(300_000, () => called++)()
      assert.strictEqual(started(), 1)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(called, 0)
      assert.strictEqual(started(), 1)
    })
  )

  it.effect("calls off a timer that has come near", () =>
    Effect.gen(function* () {
      const { wait } = yield* timers
      let called = 0
      const callOff = wait(10_000, () => called++)
      yield* TestClock.adjust(9_500)
      callOff()
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(called, 0)
    })
  )

  it.effect("looks few times for a time that is far", () =>
    Effect.gen(function* () {
      const { wait, started } = yield* timers
      let called = 0
      wait(86_400_000, () => called++)
      yield* TestClock.adjust("1 day")
      assert.strictEqual(called, 1)
      assert.isBelow(started(), 30)
    })
  )
})

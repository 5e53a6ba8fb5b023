import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as Processes from "../../src/Local/Processes.js"
import { isAlive, stop } from "../../src/Local/Stop.js"

const spawn = Effect.flatMap(Processes.Processes, ({ spawnDetached }) =>
  spawnDetached({ command: "node", args: ["main.mjs"], env: {}, cwd: "/", logFile: "/log" })
)

describe("stop", () => {
  it.effect("asks first, and is done when the process ends", () =>
    Effect.gen(function* () {
      const table = yield* Processes.TestProcesses
      const child = yield* spawn
      yield* stop(child, "1 minute")
      assert.deepStrictEqual(yield* table.signals, [{ pid: child.pid, signal: "SIGTERM" }])
      assert.isFalse(yield* isAlive(child))
      assert.deepStrictEqual(yield* child.exited, { signal: "SIGTERM" })
    }).pipe(Effect.provide(Processes.layerTest))
  )

  it.effect("kills after the grace, not before, in an uninterruptible region, too", () =>
    Effect.gen(function* () {
      const table = yield* Processes.TestProcesses
      yield* table.ignore("SIGTERM")
      const child = yield* spawn
      const stopping = yield* Effect.fork(Effect.uninterruptible(stop(child, "30 seconds")))
      yield* TestClock.adjust("29999 millis")
      assert.isTrue(yield* isAlive(child))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(stopping)
      assert.isFalse(yield* isAlive(child))
      assert.deepStrictEqual(
        (yield* table.signals).map(({ signal }) => signal),
        ["SIGTERM", "SIGKILL"]
      )
    }).pipe(Effect.provide(Processes.layerTest))
  )

  it.effect("notices within a quarter of a second that the process ended by itself", () =>
    Effect.gen(function* () {
      const table = yield* Processes.TestProcesses
      yield* table.ignore("SIGTERM")
      const child = yield* spawn
      const stopping = yield* Effect.fork(stop(child, "30 seconds"))
      yield* TestClock.adjust("10 seconds")
      yield* table.exit(child.pid, { code: 143 })
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(stopping)
      assert.strictEqual((yield* table.signals).length, 1)
    }).pipe(Effect.provide(Processes.layerTest))
  )

  it.effect("fails when even a killed process lives on", () =>
    Effect.gen(function* () {
      const table = yield* Processes.TestProcesses
      yield* table.ignore("SIGTERM")
      yield* table.ignore("SIGKILL")
      const child = yield* spawn
      const stopping = yield* Effect.fork(Effect.flip(stop(child, 0)))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(stopping))._tag, "ProcessSurvived")
    }).pipe(Effect.provide(Processes.layerTest))
  )

  it.effect("leaves a foreign process alone that has the number by now", () =>
    Effect.gen(function* () {
      const table = yield* Processes.TestProcesses
      yield* table.add({ pid: 7, group: 7, identity: "foreign", args: [] })
      yield* stop({ pid: 7, identity: "ours" }, "1 second")
      assert.deepStrictEqual(yield* table.signals, [])
      assert.strictEqual((yield* table.living).length, 1)
    }).pipe(Effect.provide(Processes.layerTest))
  )

  it.effect("ends the rest of a group whose leader is gone", () =>
    Effect.gen(function* () {
      const table = yield* Processes.TestProcesses
      yield* table.add({ pid: 8, group: 7, identity: "grandchild", args: [] })
      yield* stop({ pid: 7, identity: "ours" }, "1 second")
      assert.deepStrictEqual(yield* table.living, [])
    }).pipe(Effect.provide(Processes.layerTest))
  )

  it.effect("does not take an unreadable process table for success", () =>
    Effect.gen(function* () {
      const table = yield* Processes.TestProcesses
      const child = yield* spawn
      yield* table.readable(false)
      const error = yield* Effect.flip(stop(child, "1 second"))
      assert.strictEqual(error._tag, "ProcessTableUnavailable")
    }).pipe(Effect.provide(Processes.layerTest))
  )
})

import { assert, describe, it } from "@effect/vitest"
import * as Watch from "../../../src/Local/Supervisor/Watch.js"

const look = (now: number, ended: ReadonlyArray<string> = [], recorded = 1): Watch.Look => ({ now, ended, recorded })
const idle: Watch.Memory = { ...Watch.start, repairAt: undefined }

describe("a supervisor", () => {
  it("repairs at its start", () => {
    assert.strictEqual(Watch.decide(Watch.start, look(5), false)[0], "repair")
  })

  it("waits while every process lives, and ends without a recorded process unless it is resident", () => {
    assert.strictEqual(Watch.decide(idle, look(1), false)[0], "wait")
    assert.strictEqual(Watch.decide(idle, look(1, [], 0), false)[0], "end")
    assert.strictEqual(Watch.decide(idle, look(1, [], 0), true)[0], "wait")
  })

  it("repairs when a process is gone at two looks, and not when its record goes first", () => {
    const [first, seen] = Watch.decide(idle, look(1, ["7 a"]), false)
    assert.strictEqual(first, "wait")
    assert.strictEqual(Watch.decide(seen, look(2, ["7 a"]), false)[0], "repair")
    assert.strictEqual(Watch.decide(seen, look(2), false)[0], "wait")
  })

  it("leaves an ended process alone for which nothing is left to do, until another one ends", () => {
    const done = Watch.afterRepair(idle, look(2, ["7 a"]), false)
    const [again, memory] = Watch.decide(done, look(3, ["7 a"]), false)
    assert.strictEqual(again, "wait")
    const [, more] = Watch.decide(memory, look(4, ["7 a", "8 b"]), false)
    assert.strictEqual(Watch.decide(more, look(5, ["7 a", "8 b"]), false)[0], "repair")
  })

  it("repeats a repair that left work after waits that double up to a minute, and does not end before", () => {
    const waits: Array<number> = []
    let memory = idle
    let now = 0
    for (let count = 0; count < 9; count++) {
      memory = Watch.afterRepair(memory, look(now, ["7 a"]), true)
      const due = memory.repairAt ?? Number.NaN
      assert.strictEqual(Watch.decide(memory, look(due - 1, [], 0), false)[0], "wait")
      assert.strictEqual(Watch.decide(memory, look(due, ["7 a"]), false)[0], "repair")
      waits.push(due - now)
      now = due
    }
    assert.deepStrictEqual(
      waits,
      [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000)
    )
    const healthy = Watch.afterRepair(memory, look(now), false)
    assert.strictEqual(healthy.backoffMillis, Watch.firstBackoffMillis)
  })
})

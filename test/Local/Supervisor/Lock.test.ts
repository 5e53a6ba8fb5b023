import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import * as Lock from "../../../src/Local/Supervisor/Lock.js"

let home = ""
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "effect-deployers-lock-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const owner: Lock.Owner = { pid: 7, identity: "boot/1", version: "1.2.0" }
const machine = (row: { identity: string; dead?: boolean } | undefined) => ({
  one: (pid: number) => (row === undefined || pid !== 7 ? undefined : { pid, group: pid, dead: false, ...row })
})

describe("the lock of a home", () => {
  it("is held while its owner lives", () => {
    assert.isFalse(Lock.isHeld(home, "1.2.0", machine({ identity: "boot/1" })))
    Lock.take(home, owner)
    assert.isTrue(Lock.isHeld(home, "1.2.0", machine({ identity: "boot/1" })))
    assert.isFalse(Lock.isHeld(home, "1.2.0", machine(undefined)))
    assert.isFalse(Lock.isHeld(home, "1.2.0", machine({ identity: "boot/1", dead: true })))
  })

  it("is not held by a later process with the number of its owner", () => {
    Lock.take(home, owner)
    assert.isFalse(Lock.isHeld(home, "1.2.0", machine({ identity: "boot/2" })))
  })

  it("is not held against a newer program, and is held against an older one", () => {
    Lock.take(home, owner)
    assert.isFalse(Lock.isHeld(home, "1.10.0", machine({ identity: "boot/1" })))
    assert.isTrue(Lock.isHeld(home, "1.1.9", machine({ identity: "boot/1" })))
  })

  it("belongs to the last that takes it, and only the owner releases it", () => {
    Lock.take(home, owner)
    const second = { ...owner, pid: 8, identity: "boot/9" }
    Lock.take(home, second)
    assert.isFalse(Lock.owns(home, owner))
    Lock.release(home, owner)
    assert.isTrue(Lock.owns(home, second))
    Lock.release(home, second)
    assert.isUndefined(Lock.read(home))
  })

  it("has no owner if its file is damaged", () => {
    writeFileSync(Lock.fileOf(home), "{")
    assert.isUndefined(Lock.read(home))
    writeFileSync(Lock.fileOf(home), '{"pid":"7"}')
    assert.isUndefined(Lock.read(home))
  })
})

// Folders for files of runs, whose processes are killed.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, rmSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as RunFolders from "../../../../src/Server/Run/Files/RunFolders.js"

const made = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => mkdirSync(path, { recursive: true })),
    () => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

describe("folders of runs", () => {
  it.scopedLive("that a dead process left are removed, and those of a living one or another machine stay", () =>
    Effect.gen(function* () {
      const own = yield* Effect.acquireRelease(Effect.promise(RunFolders.make), (path) =>
        Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const { pid: dead } = spawnSync(process.execPath, ["-e", ""])
      const left = own.replace(`-${process.pid}-`, `-${dead}-`)
      const elsewhere = left.replace(/run-(\d+)-/, "run-1$1-")
      assert.notStrictEqual(left, own)
      yield* made(`${left}/inner`)
      yield* made(left)
      yield* made(elsewhere)
      yield* RunFolders.removeLeftovers
      assert.deepStrictEqual([left, own, elsewhere].map(existsSync), [false, true, true])
    })
  )
})

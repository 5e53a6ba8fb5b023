/** Folders that cannot be written: a file system that is mounted read-only, and a process whose user may not write. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"

const privileged = process.getuid?.() === 0 ? [] : ["sudo", "-n"]

const run = (...command: ReadonlyArray<string>) => {
  const [program = "", ...args] = [...privileged, ...command]
  execFileSync(program, args, { stdio: "ignore" })
}

const mount = (folder: string) => {
  run("mount", "--bind", folder, folder)
  try {
    run("mount", "-o", "remount,bind,ro", folder)
  } catch (cause) {
    run("umount", folder)
    throw cause
  }
}

/** Makes a folder read-only for as long as the scope lives. Processes that had opened its files before still write them. */
export const mounted = (folder: string) =>
  Effect.acquireRelease(
    Effect.sync(() => mount(folder)),
    () => Effect.sync(() => run("umount", "-l", folder))
  )

/** True if this user may mount a folder read-only. */
export const canMount: boolean = (() => {
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-readonly-"))
  try {
    mount(folder)
    run("umount", folder)
    return true
  } catch {
    process.stderr.write("Tests of a read-only disk do not run: this user may not mount a folder. Run them as root.\n")
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})()

/** A small file system of its own that a test can fill. */
import { execFileSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"

const privileged = process.getuid?.() === 0 ? [] : ["sudo", "-n"]

const run = (...command: ReadonlyArray<string>) => {
  const [program = "", ...args] = [...privileged, ...command]
  execFileSync(program, args, { stdio: "ignore" })
}

const mount = (bytes: number) => {
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-disk-"))
  try {
    const owner = `uid=${process.getuid?.()},gid=${process.getgid?.()}`
    run("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=700,${owner}`, "tmpfs", folder)
    return folder
  } catch (cause) {
    rmSync(folder, { recursive: true })
    throw cause
  }
}

const unmount = (folder: string) => {
  run("umount", "-l", folder)
  rmSync(folder, { recursive: true })
}

/** True if this user may mount a file system. */
export const canMount: boolean = (() => {
  try {
    unmount(mount(65_536))
    return true
  } catch {
    process.stderr.write("Tests of a full disk do not run: this user may not mount a file system. Run them as root.\n")
    return false
  }
})()

/** A disk that exists for as long as the scope lives. */
export const make = (bytes: number) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mount(bytes)),
      (folder) => Effect.sync(() => unmount(folder))
    ),
    (folder) => {
      const filler = join(folder, "filler")
      return {
        folder,
        /** Writes until no byte fits. */
        fill: Effect.sync(() => {
          const file = openSync(filler, "a")
          for (const size of [65_536, 4_096, 1]) {
            const bytes = Buffer.alloc(size)
            for (let fits = true; fits; ) {
              try {
                fits = writeSync(file, bytes) > 0
              } catch {
                fits = false
              }
            }
          }
          closeSync(file)
        }),
        /** Makes the room again that was filled. */
        free: Effect.sync(() => rmSync(filler, { force: true }))
      }
    }
  )

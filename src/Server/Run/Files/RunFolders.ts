/** The folders for files of runs, in the folder for temporary files. Their names have the process that made them. */
import { readlinkSync } from "node:fs"
import { mkdtemp, readdir, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"

/** Makes a folder, readable by its owner only. */
export const make = (): Promise<string> => mkdtemp(join(tmpdir(), `${prefix}${space()}-${process.pid}-`))

/**
 * Removes the folders that processes of this user left when they were killed. A folder of a process that lives, of another user,
 * or of a process that this one cannot see, stays.
 */
export const removeLeftovers: Effect.Effect<void> = Effect.gen(function* () {
  const names = yield* Effect.tryPromise(() => readdir(tmpdir()))
  yield* Effect.forEach(names.filter(isLeftover), (name) => Effect.ignore(remove(join(tmpdir(), name))), {
    discard: true
  })
}).pipe(Effect.ignore)

// internal

const prefix = "effect-deployers-run-"

/** The number of the space in which process ids count: a container has its own. 0 where the system has one only. */
const space = (): string => {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0"
  } catch {
    return "0"
  }
}

const isLeftover = (name: string): boolean => {
  const [, of, pid] = name.startsWith(prefix) ? (/^(\d+)-(\d+)-/.exec(name.slice(prefix.length)) ?? []) : []
  return pid !== undefined && of === space() && !lives(Number(pid))
}

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    return !(cause instanceof Error && "code" in cause && cause.code === "ESRCH")
  }
}

const remove = (folder: string) =>
  Effect.tryPromise(() => stat(folder)).pipe(
    Effect.filterOrFail(({ uid }) => uid === process.getuid?.()),
    Effect.zipRight(Effect.tryPromise(() => rm(folder, { recursive: true, force: true })))
  )

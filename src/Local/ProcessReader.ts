/**
 * Ways to read the process table of this machine: `/proc`, or `ps`. Only modules of Node, so that the supervisor stays small.
 * The identity of a process distinguishes it from a later one with the same number: the time of its start, and on Linux the
 * boot.
 */
import * as Fs from "node:fs"
import type { Reader, Row } from "./ProcessRow.js"
import { psReader } from "./PsReader.js"

export type * from "./ProcessRow.js"

/** Reads Linux's `/proc`. */
export const procReader = (root = "/proc"): Reader => {
  const epoch = (): string => `${Fs.readFileSync(`${root}/sys/kernel/random/boot_id`, "utf8").trim()}/`
  const read = (pid: number, boot: string): Row | undefined => {
    const stat = readIfThere(`${root}/${pid}/stat`)
    return stat === undefined ? undefined : parseStat(pid, stat, boot)
  }
  return {
    name: root,
    epoch,
    one: (pid) => read(pid, epoch()),
    some: (pids) => {
      const boot = epoch()
      return pids.flatMap((pid) => read(pid, boot) ?? [])
    },
    all: () => {
      const boot = epoch()
      return Fs.readdirSync(root)
        .filter((name) => /^\d+$/.test(name))
        .flatMap((name) => read(Number(name), boot) ?? [])
    },
    endsWith: ({ pid }, lastArguments) => {
      const given = (readIfThere(`${root}/${pid}/cmdline`) ?? "").split("\0").slice(0, -1)
      return (
        given.length >= lastArguments.length &&
        lastArguments.every((argument, index) => given[given.length - lastArguments.length + index] === argument)
      )
    }
  }
}

/**
 * Reads one `/proc/<pid>/stat`. The second field is the program's name in parentheses and may itself contain spaces and
 * parentheses, so fields are counted from the last one.
 *
 * @internal
 */
export const parseStat = (pid: number, stat: string, boot: string): Row | undefined => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state, , group] = fields
  const startTicks = fields[19]
  if (state === undefined || group === undefined || startTicks === undefined) return undefined
  return { pid, group: Number(group), dead: "ZXx".includes(state), identity: `${boot}${startTicks}` }
}

const readIfThere = (file: string): string | undefined => {
  try {
    return Fs.readFileSync(file, "utf8")
  } catch (cause) {
    if (isGone(cause)) return undefined
    throw cause
  }
}

const isGone = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ESRCH")

/** The way that this machine has. */
export const readerOfThisMachine = (): Reader => (process.platform === "linux" ? procReader() : psReader())

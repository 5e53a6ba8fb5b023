/**
 * Ways to read the process table of this machine: `/proc`, or `ps`. Only modules of Node, so that the supervisor stays small.
 * The identity of a process distinguishes it from a later one with the same number: the time of its start, and on Linux the
 * boot.
 */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"

/**
 * A process, with an identity that later processes with the same number do not have.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProcessRef {
  readonly pid: number
  readonly identity: string
}

/** One row of the process table. */
export interface Row extends ProcessRef {
  /** Number of its process group. */
  readonly group: number
  /** True if it exited and its parent has not collected it yet. */
  readonly dead: boolean
}

/** One way to read the process table. Its functions are synchronous and throw when the table cannot be read. */
export interface Reader {
  /** The prefix of every identity of this boot. */
  readonly epoch: () => string
  readonly one: (pid: number) => Row | undefined
  readonly all: () => ReadonlyArray<Row>
  /** True if the command line of a process ends with these arguments. */
  readonly endsWith: (row: Row, lastArguments: ReadonlyArray<string>) => boolean
}

/** Reads Linux's `/proc`. */
export const procReader = (root = "/proc"): Reader => {
  const epoch = (): string => `${Fs.readFileSync(`${root}/sys/kernel/random/boot_id`, "utf8").trim()}/`
  const read = (pid: number, boot: string): Row | undefined => {
    const stat = readIfThere(`${root}/${pid}/stat`)
    return stat === undefined ? undefined : parseStat(pid, stat, boot)
  }
  return {
    epoch,
    one: (pid) => read(pid, epoch()),
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

const psRow = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/
const psEpoch = "started/"

/** Asks `ps`, which macOS and the BSDs have. Start times are full seconds. */
export const psReader: Reader = {
  epoch: () => psEpoch,
  one: (pid) => listWithPs(["-p", `${pid}`])[0],
  all: () => listWithPs(["-A"]),
  endsWith: (row, lastArguments) => "command" in row && `${row.command}`.endsWith(` ${lastArguments.join(" ")}`)
}

const listWithPs = (which: ReadonlyArray<string>): ReadonlyArray<Row> => {
  const result = ChildProcess.spawnSync("ps", ["-ww", ...which, "-o", "pid=,pgid=,stat=,lstart=,command="], {
    env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024
  })
  if (result.error !== undefined) throw result.error
  return result.stdout.split("\n").flatMap((line) => parsePs(line) ?? [])
}

/** @internal */
export const parsePs = (line: string): (Row & { readonly command: string }) | undefined => {
  const [, pid, group, state, started, command] = psRow.exec(line) ?? []
  if (pid === undefined || started === undefined) return undefined
  return {
    pid: Number(pid),
    group: Number(group),
    dead: (state ?? "").startsWith("Z"),
    identity: `${psEpoch}${started.replaceAll(/\s+/g, " ")}`,
    command: command ?? ""
  }
}

/** The way that this machine has. */
export const readerOfThisMachine = (): Reader => (process.platform === "linux" ? procReader() : psReader)

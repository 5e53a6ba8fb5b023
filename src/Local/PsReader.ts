/**
 * Reads the process table by `ps`, which macOS and the BSDs have. Start times are full seconds. On macOS the identity of a
 * process has the session of the boot, too: `kern.boottime` is no substitute, because it moves when the clock is set.
 */
import * as ChildProcess from "node:child_process"
import { memoize } from "../Internal/Memoize.js"
import type { Reader, Row } from "./ProcessRow.js"

/** The end of a program: its exit code, `null` after a signal, and its output. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. Throws if it cannot be started. */
export type Run = (program: string, args: ReadonlyArray<string>) => Ended

/** One call of `ps` reads many processes. A failed call throws: without rows, processes are unknown, not gone. */
export const psReader = (run: Run = runNow, platform: NodeJS.Platform = process.platform): Reader => {
  const epoch = memoize(() => (platform === "darwin" ? `${bootSession(run)}/` : "started/"))
  const some = (pids: ReadonlyArray<number>): ReadonlyArray<Row> =>
    pids.length === 0
      ? []
      : linesOf(run, ["-p", pids.join(",")]).flatMap((line) => parsePs(line, epoch()) ?? refuseRow(line, pids))
  return {
    name: "ps",
    epoch,
    one: (pid) => some([pid]).find((row) => row.pid === pid),
    some,
    all: () => linesOf(run, ["-A"]).flatMap((line) => parsePs(line, epoch()) ?? []),
    endsWith: (row, lastArguments) => "command" in row && `${row.command}`.endsWith(` ${lastArguments.join(" ")}`)
  }
}

/** @internal */
export const parsePs = (line: string, epoch: string): (Row & { readonly command: string }) | undefined => {
  const [, pid, group, state, started, command] = psRow.exec(line) ?? []
  if (pid === undefined || started === undefined) return undefined
  return {
    pid: Number(pid),
    group: Number(group),
    dead: (state ?? "").startsWith("Z"),
    identity: `${epoch}${started.replaceAll(/\s+/g, " ")}`,
    command: command ?? ""
  }
}

// internal

const psRow = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})(?:\s+(.*))?$/

/** A row of an unknown form is a failure. Other lines continue a command line that has line breaks. */
const refuseRow = (line: string, pids: ReadonlyArray<number>): ReadonlyArray<Row> => {
  const [, pid] = /^\s*(\d+)\s+\d+\s/.exec(line) ?? []
  if (pid === undefined || !pids.includes(Number(pid))) return []
  throw new Error(`ps printed a line of an unknown form: ${line.trim()}`)
}

/** The exit code 1 without a message means that no process has one of the numbers. */
const linesOf = (run: Run, which: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { status, stderr, stdout } = run("ps", ["-ww", ...which, "-o", "pid=,pgid=,stat=,lstart=,command="])
  const isNone = status === 1 && stderr.trim() === "" && which[0] === "-p"
  if (status !== 0 && !isNone) throw new Error(`ps failed (exit code ${status}): ${stderr.trim() || "no message"}`)
  return stdout.split("\n").filter((line) => line.trim() !== "")
}

const bootSession = (run: Run): string => {
  const { stderr, stdout } = run("sysctl", ["-n", "kern.bootsessionuuid"])
  const session = stdout.trim()
  if (!/^[\dA-F-]{36}$/i.test(session)) {
    throw new Error(`sysctl does not show the session of this boot: ${stderr.trim() || "no message"}`)
  }
  return session
}

/** The language and the time zone of the caller change the form of start times. */
const runNow: Run = (program, args) => {
  const result = ChildProcess.spawnSync(program, [...args], {
    env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024
  })
  if (result.error !== undefined) throw result.error
  return result
}

/** The decisions of a supervisor. Pure: the same observations give the same decisions. */
import type { ProcessRef, Reader } from "../ProcessRow.js"

/** The memory of a supervisor between two looks. */
export interface Memory {
  /** The ended processes of the last look, as one text. */
  readonly seen: string
  /** The ended processes for which nothing is left to do. */
  readonly settled: string
  /** Time of the next repair in milliseconds, if one is planned. */
  readonly repairAt: number | undefined
  /** Milliseconds until the repair after the next; it doubles with each repair that leaves work. */
  readonly backoffMillis: number
}

/** One look at a home. */
export interface Look {
  /** Milliseconds of a clock. */
  readonly now: number
  /** Number of recorded processes. */
  readonly recorded: number
  /** The ended ones, each as a text. */
  readonly ended: ReadonlyArray<string>
}

/** The recorded processes that have ended, from one reading of the process table. */
export const endedOf = <P extends ProcessRef>(
  recorded: ReadonlyArray<P>,
  reader: Pick<Reader, "some">
): ReadonlyArray<P> => {
  const rows = new Map(reader.some([...new Set(recorded.map(({ pid }) => pid))]).map((row) => [row.pid, row]))
  return recorded.filter(({ identity, pid }) => {
    const row = rows.get(pid)
    return row === undefined || row.dead || row.identity !== identity
  })
}

/** The next step of a supervisor: wait for the next look, repair the home, or end because no deployment is left. */
export type Step = "wait" | "repair" | "end"

/** Milliseconds of the first wait after a repair that left work. */
export const firstBackoffMillis = 1_000

/** Milliseconds of the longest wait. */
export const maxBackoffMillis = 60_000

/** The memory of a supervisor that starts: a repair is due, because processes may have ended without one. */
export const start: Memory = { seen: "", settled: "", repairAt: 0, backoffMillis: firstBackoffMillis }

/**
 * Decides on a look. A process that a deploy replaces ends a moment before its record is removed, so an end counts at the
 * second look. A supervisor that is `resident` does not end.
 */
export const decide = (memory: Memory, look: Look, resident: boolean): readonly [Step, Memory] => {
  const ended = [...look.ended].sort().join("\n")
  const next = { ...memory, seen: ended }
  if (memory.repairAt !== undefined && memory.repairAt <= look.now) return ["repair", next]
  if (ended !== "" && ended === memory.seen && ended !== memory.settled && memory.repairAt === undefined) {
    return ["repair", next]
  }
  return [look.recorded === 0 && memory.repairAt === undefined && !resident ? "end" : "wait", next]
}

/** The memory after a repair. `pending` is true if the repair left work, or failed. */
export const afterRepair = (memory: Memory, look: Look, pending: boolean): Memory => {
  const ended = [...look.ended].sort().join("\n")
  return pending
    ? {
        seen: ended,
        settled: "",
        repairAt: look.now + memory.backoffMillis,
        backoffMillis: Math.min(memory.backoffMillis * 2, maxBackoffMillis)
      }
    : { seen: ended, settled: ended, repairAt: undefined, backoffMillis: firstBackoffMillis }
}

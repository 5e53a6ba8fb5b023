/** What the primary knows of its workers: who is there, what each said last, what remains of those that are gone. */
import * as Effect from "effect/Effect"
import type { ProcessStats } from "../Process/ProcessStats.js"
import * as Report from "./Report.js"
import type { WorkerProcess } from "./Spawner.js"

/** A worker that was started and has not ended. */
export interface Entry {
  readonly slot: number
  readonly process: WorkerProcess
  /** Whether it has the port. */
  isListening: boolean
  /** What it said last of itself. */
  report: Report.WorkerReport | undefined
}

export interface WorkerRegistry {
  readonly entries: () => ReadonlyArray<Entry>
  readonly add: (slot: number, process: WorkerProcess) => Entry
  /** Keeps what the worker counted. */
  readonly remove: (entry: Entry) => void
  /** Counts a worker that was started in the place of another. */
  readonly restarted: () => void
  /** Says that the service ends. */
  readonly drain: () => void
  /** Tells every worker how it is with the service, if that changed; `newcomer` is told in any case. */
  readonly announce: (newcomer?: Entry) => Effect.Effect<void>
  /** The report of the service, from what the workers said last. */
  readonly report: (primary: ProcessStats) => Report.ServiceReport
}

export const make = (): WorkerRegistry => {
  const entries = new Set<Entry>()
  let past: Report.Past = { counters: Report.zero, cpuSeconds: 0 }
  let restarts = 0
  let isDraining = false
  let announced = ""

  const takesRuns = ({ isListening, report }: Entry) => isListening && report?.condition.phase !== "draining"
  const condition = (): Report.Condition => ({
    phase: isDraining ? "draining" : [...entries].some(takesRuns) ? "ready" : "starting",
    isRecording: [...entries].every(({ report }) => report?.condition.isRecording !== false)
  })
  return {
    entries: () => [...entries],
    add: (slot, process) => {
      const entry: Entry = { slot, process, isListening: false, report: undefined }
      entries.add(entry)
      return entry
    },
    remove: (entry) => {
      if (entries.delete(entry)) past = Report.retire(past, entry.report)
    },
    restarted: () => {
      restarts++
    },
    drain: () => {
      isDraining = true
    },
    announce: (newcomer) =>
      Effect.suspend(() => {
        const now = condition()
        const text = JSON.stringify(now)
        const listeners = text === announced ? (newcomer === undefined ? [] : [newcomer]) : entries
        announced = text
        return Effect.forEach(listeners, ({ process }) => process.send({ _tag: "Service", condition: now }), {
          discard: true
        })
      }),
    report: (primary) =>
      Report.combine({
        reports: [...entries].flatMap(({ report }) => report ?? []),
        past,
        primary,
        isReady: condition().phase === "ready",
        workers: [...entries].filter(takesRuns).length,
        workerRestarts: restarts
      })
  }
}

/** The primary's registry of its workers: the running ones with their last reports, and the sums of the ended ones. */
import * as Effect from "effect/Effect"
import * as HealthChecks from "../Run/HealthChecks.js"
import type { ProcessStats } from "../Run/Metrics/ProcessStats.js"
import * as Report from "../Run/Metrics/Report.js"
import type { WorkerProcess } from "./Spawner.js"

/** A running worker. */
export interface Entry {
  readonly slot: number
  readonly process: WorkerProcess
  /** True once the worker listens. */
  isListening: boolean
  /** The last report of the worker. */
  report: Report.WorkerReport | undefined
}

export interface WorkerRegistry {
  readonly entries: () => ReadonlyArray<Entry>
  readonly add: (slot: number, process: WorkerProcess) => Entry
  /** Removes a worker and keeps its counts. */
  readonly remove: (entry: Entry) => void
  /** Counts a worker that replaces another. */
  readonly restarted: () => void
  /** Marks the service as draining. */
  readonly drain: () => void
  /** Sends the condition of the service to every worker if it has changed, and to `newcomer` in any case. */
  readonly announce: (newcomer?: Entry) => Effect.Effect<void>
  /** The report of the service, from the last reports of the workers. */
  readonly report: (primary: ProcessStats) => Report.ServiceReport
}

export const make = (): WorkerRegistry => {
  const entries = new Set<Entry>()
  let past: Report.Past = { counters: Report.zero, cpuSeconds: 0, user: [] }
  let restarts = 0
  let isDraining = false
  let announced = ""

  const takesRuns = ({ isListening, report }: Entry) => isListening && report?.condition.phase !== "draining"
  const condition = (): Report.Condition => ({
    phase: isDraining ? "draining" : [...entries].some(takesRuns) ? "ready" : "starting",
    isRecording: [...entries].every(({ report }) => report?.condition.isRecording !== false),
    checks: HealthChecks.combine([...entries].map(({ report }) => report?.condition.checks ?? []))
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

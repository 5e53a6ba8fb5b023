/** The reports of workers, and their sum, the report of the service. */
import * as Schema from "effect/Schema"
import { buckets, type Counters as MetricCounters } from "../Metrics.js"
import type { ProcessStats } from "./ProcessStats.js"
import * as UserMetrics from "./UserMetrics.js"

/** Makes the schemas of reports. They are made at first use: they take time at the start, and one process needs none. */
export const makeSchemas = () => {
  const counters = Schema.Struct({
    runs: Schema.Struct({ succeeded: Schema.Number, failed: Schema.Number, interrupted: Schema.Number }),
    durations: Schema.Array(Schema.Number),
    durationSumSeconds: Schema.Number,
    shed: Schema.Number,
    keysRefused: Schema.Struct({ missing: Schema.Number, wrong: Schema.Number, scope: Schema.Number })
  })
  const process = Schema.Struct({
    cpuSeconds: Schema.Number,
    residentBytes: Schema.Number,
    heapUsedBytes: Schema.Number,
    heapTotalBytes: Schema.Number,
    startTimeSeconds: Schema.Number,
    eventLoopLag: Schema.Struct({ meanSeconds: Schema.Number, p99Seconds: Schema.Number, maxSeconds: Schema.Number })
  })
  const condition = Schema.Struct({
    phase: Schema.Literal("starting", "ready", "draining"),
    isRecording: Schema.Boolean,
    /** The checks that layers of the pipeline contribute. */
    checks: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        status: Schema.Literal("pass", "fail"),
        reason: Schema.optional(Schema.String)
      })
    )
  })
  const user = Schema.Array(
    Schema.Struct({
      name: Schema.String,
      type: Schema.Literal("counter", "gauge", "histogram", "summary"),
      help: Schema.String,
      samples: Schema.Array(Schema.Tuple(Schema.String, Schema.Number))
    })
  )
  const runs = { counters, process, inFlight: Schema.Number, queued: Schema.Number, user }
  return {
    condition,
    workerReport: Schema.Struct({ ...runs, condition }),
    serviceReport: Schema.Struct({
      ...runs,
      isReady: Schema.Boolean,
      /** The workers that accept runs; 1 for a service without workers. */
      workers: Schema.Number,
      /** The workers that replaced others. */
      workerRestarts: Schema.Number
    })
  }
}

type Schemas = ReturnType<typeof makeSchemas>

/** The phase of a process, and the state of its records. */
export type Condition = Schemas["condition"]["Type"]

/** The report of one process. */
export type WorkerReport = Schemas["workerReport"]["Type"]

/** The report of the whole service. */
export type ServiceReport = Schemas["serviceReport"]["Type"]

/** The sums of ended workers. They keep the counters of the service from going back. */
export interface Past {
  readonly counters: MetricCounters
  readonly cpuSeconds: number
  /** The metrics of the code of the pipeline, without present values. */
  readonly user: ReadonlyArray<UserMetrics.Family>
}

/** Counters at the start of a service. */
export const zero: MetricCounters = {
  runs: { succeeded: 0, failed: 0, interrupted: 0 },
  durations: new Array<number>(buckets.length + 1).fill(0),
  durationSumSeconds: 0,
  shed: 0,
  keysRefused: { missing: 0, wrong: 0, scope: 0 }
}

export const add = (a: MetricCounters, b: MetricCounters): MetricCounters => ({
  runs: {
    succeeded: a.runs.succeeded + b.runs.succeeded,
    failed: a.runs.failed + b.runs.failed,
    interrupted: a.runs.interrupted + b.runs.interrupted
  },
  durations: zero.durations.map((_, bucket) => (a.durations[bucket] ?? 0) + (b.durations[bucket] ?? 0)),
  durationSumSeconds: a.durationSumSeconds + b.durationSumSeconds,
  shed: a.shed + b.shed,
  keysRefused: {
    missing: a.keysRefused.missing + b.keysRefused.missing,
    wrong: a.keysRefused.wrong + b.keysRefused.wrong,
    scope: a.keysRefused.scope + b.keysRefused.scope
  }
})

/** Adds the last report of an ended worker to the sums. */
export const retire = (past: Past, last: WorkerReport | undefined): Past =>
  last === undefined
    ? past
    : {
        counters: add(past.counters, last.counters),
        cpuSeconds: past.cpuSeconds + last.process.cpuSeconds,
        user: UserMetrics.add(past.user, UserMetrics.counted(last.user))
      }

/**
 * The report of a service. Counters and resources are sums, the lag of the event loop is the worst of all workers, and the
 * start is the start of the primary.
 */
export const combine = (options: {
  readonly reports: ReadonlyArray<WorkerReport>
  readonly past: Past
  readonly primary: ProcessStats
  readonly isReady: boolean
  readonly workers: number
  readonly workerRestarts: number
}): ServiceReport => {
  const { isReady, past, primary, reports, workerRestarts, workers } = options
  const sum = (of: (report: WorkerReport) => number) => reports.reduce((total, report) => total + of(report), 0)
  const worst = (of: (lag: ProcessStats["eventLoopLag"]) => number) =>
    reports.reduce((lag, { process }) => Math.max(lag, of(process.eventLoopLag)), 0)
  return {
    counters: reports.reduce((total, { counters }) => add(total, counters), past.counters),
    inFlight: sum(({ inFlight }) => inFlight),
    queued: sum(({ queued }) => queued),
    isReady,
    process: {
      cpuSeconds: past.cpuSeconds + primary.cpuSeconds + sum(({ process }) => process.cpuSeconds),
      residentBytes: primary.residentBytes + sum(({ process }) => process.residentBytes),
      heapUsedBytes: primary.heapUsedBytes + sum(({ process }) => process.heapUsedBytes),
      heapTotalBytes: primary.heapTotalBytes + sum(({ process }) => process.heapTotalBytes),
      startTimeSeconds: primary.startTimeSeconds,
      eventLoopLag: {
        meanSeconds: worst(({ meanSeconds }) => meanSeconds),
        p99Seconds: worst(({ p99Seconds }) => p99Seconds),
        maxSeconds: worst(({ maxSeconds }) => maxSeconds)
      }
    },
    workers,
    workerRestarts,
    user: reports.reduce((all, { user }) => UserMetrics.add(all, user), past.user)
  }
}

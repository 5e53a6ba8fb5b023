/** The counters of a service's runs, and their Prometheus text. Labels come from fixed lists only. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ProcessStats } from "./Metrics/ProcessStats.js"
import * as UserMetrics from "./Metrics/UserMetrics.js"

/** The final statuses of runs. */
export type Ended = "succeeded" | "failed" | "interrupted"

/** The reasons to refuse a key: there was none, it is not live, it lacks a scope. */
export type KeyRefusal = "missing" | "wrong" | "scope"

export class Metrics extends Context.Tag("effect-deployers/Server/Metrics")<
  Metrics,
  {
    /** Counts a run that ended, with its duration. */
    readonly ended: (status: Ended, durationMillis: number) => void
    /** Counts a run that was refused because every place and the queue were full. */
    readonly shed: () => void
    /** Counts a request that was refused for its key. */
    readonly keyRefused: (reason: KeyRefusal) => void
    /** A copy of the counters. */
    readonly read: () => Counters
  }
>() {}

export interface Counters {
  readonly runs: Readonly<Record<Ended, number>>
  /** Runs per bucket of {@link buckets}, not cumulated; the last one is for longer runs. */
  readonly durations: ReadonlyArray<number>
  readonly durationSumSeconds: number
  readonly shed: number
  readonly keysRefused: Readonly<Record<KeyRefusal, number>>
}

/** Upper bounds of the duration histogram in seconds. */
export const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const

export const layer: Layer.Layer<Metrics> = Layer.effect(
  Metrics,
  Effect.sync(() => {
    const runs = { succeeded: 0, failed: 0, interrupted: 0 }
    const durations = new Array<number>(buckets.length + 1).fill(0)
    let durationSumSeconds = 0
    let shed = 0
    const keysRefused = { missing: 0, wrong: 0, scope: 0 }
    return {
      ended: (status, durationMillis) => {
        const seconds = durationMillis / 1_000
        const found = buckets.findIndex((bound) => seconds <= bound)
        const bucket = found === -1 ? buckets.length : found
        runs[status]++
        durations[bucket] = (durations[bucket] ?? 0) + 1
        durationSumSeconds += seconds
      },
      shed: () => {
        shed++
      },
      keyRefused: (reason) => {
        keysRefused[reason]++
      },
      read: () => ({
        runs: { ...runs },
        durations: [...durations],
        durationSumSeconds,
        shed,
        keysRefused: { ...keysRefused }
      })
    }
  })
)

/** The values at the moment of the request. */
export interface Gauges {
  readonly inFlight: number
  readonly queued: number
  readonly isReady: boolean
  readonly workers: number
  readonly workerRestarts: number
  readonly process: ProcessStats
  /** The metrics of the code of the pipeline. */
  readonly user: ReadonlyArray<UserMetrics.Family>
}

/** The content type of {@link render}. */
export const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** The content type of {@link renderOpen}. */
export const openContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

/** Prometheus text exposition of the counters and gauges. */
export const render = (counters: Counters, gauges: Gauges): string =>
  families(counters, gauges)
    .map((family) => renderFamily(family, family.name))
    .join("") + UserMetrics.render(gauges.user, false)

/** The same as OpenMetrics: the name of a counter is without the suffix of its sample, and the text has an end. */
export const renderOpen = (counters: Counters, gauges: Gauges): string => {
  const nameOf = ({ name, type }: Family) => (type === "counter" ? name.replace(/_total$/, "") : name)
  const texts = families(counters, gauges).map((family) => renderFamily(family, nameOf(family)))
  return `${texts.join("")}${UserMetrics.render(gauges.user, true)}# EOF\n`
}

/** True for a caller that prefers OpenMetrics to the text of Prometheus. */
export const prefersOpen = (accept: string | undefined): boolean =>
  accept !== undefined && qualityOf(accept, "application/openmetrics-text") > qualityOf(accept, "text/plain")

// internal

/** The quality of a media type that the header names; 0 for any other one. */
const qualityOf = (accept: string, type: string): number =>
  Math.max(
    0,
    ...accept.split(",").map((element) => {
      const [name = "", ...parameters] = element.split(";").map((part) => part.trim().toLowerCase())
      const quality = parameters.find((parameter) => parameter.startsWith("q="))
      return name === type ? Number(quality?.slice(2) ?? 1) || 0 : 0
    })
  )

const families = (counters: Counters, gauges: Gauges): ReadonlyArray<Family> => [
  ...runFamilies(counters),
  ...gaugeFamilies(counters, gauges),
  ...processFamilies(gauges.process)
]

interface Family {
  readonly name: string
  readonly type: "counter" | "gauge" | "histogram"
  readonly help: string
  readonly samples: ReadonlyArray<readonly [suffix: string, value: number]>
}

const renderFamily = ({ help, name, samples, type }: Family, familyName: string): string =>
  [
    `# HELP deployers_${familyName} ${help}`,
    `# TYPE deployers_${familyName} ${type}`,
    ...samples.map(([suffix, value]) => `deployers_${name}${suffix} ${value}`),
    ""
  ].join("\n")

const runFamilies = ({ durations, durationSumSeconds, runs }: Counters): ReadonlyArray<Family> => {
  let total = 0
  const bounds = [...buckets.map(String), "+Inf"]
  const cumulated = durations.map((count, i) => {
    total += count
    return [`_bucket{le="${bounds[i]}"}`, total] as const
  })
  return [
    {
      name: "runs_total",
      type: "counter",
      help: "Runs that ended since the process started, by status.",
      samples: Object.entries(runs).map(([status, count]) => [`{status="${status}"}`, count] as const)
    },
    {
      name: "run_duration_seconds",
      type: "histogram",
      help: "Duration of runs from their acceptance to their end.",
      samples: [...cumulated, ["_sum", durationSumSeconds], ["_count", total]]
    }
  ]
}

const gaugeFamilies = (counters: Counters, gauges: Gauges): ReadonlyArray<Family> => [
  single("runs_in_flight", "gauge", "Runs that hold a place.", gauges.inFlight),
  single("runs_queued", "gauge", "Runs that wait for a place.", gauges.queued),
  single("runs_shed_total", "counter", "Runs turned away because places and queue were full.", counters.shed),
  {
    name: "keys_refused_total",
    type: "counter",
    help: "Requests refused for their key, by reason.",
    samples: Object.entries(counters.keysRefused).map(([reason, count]) => [`{reason="${reason}"}`, count] as const)
  },
  single("ready", "gauge", "1 while runs are taken, else 0.", gauges.isReady ? 1 : 0),
  single("workers", "gauge", "Processes that take runs.", gauges.workers),
  single("worker_restarts_total", "counter", "Workers started in the place of others.", gauges.workerRestarts)
]

const processFamilies = (stats: ProcessStats): ReadonlyArray<Family> => [
  single("process_cpu_seconds_total", "counter", "User and system CPU time.", stats.cpuSeconds),
  single("process_resident_memory_bytes", "gauge", "Resident memory.", stats.residentBytes),
  single("process_heap_used_bytes", "gauge", "Used JavaScript heap.", stats.heapUsedBytes),
  single("process_heap_total_bytes", "gauge", "Reserved JavaScript heap.", stats.heapTotalBytes),
  single("process_start_time_seconds", "gauge", "Start of the process in Unix time.", stats.startTimeSeconds),
  {
    name: "event_loop_lag_seconds",
    type: "gauge",
    help: "How late timers fire, since the last reading.",
    samples: [
      [`{stat="mean"}`, stats.eventLoopLag.meanSeconds],
      [`{stat="p99"}`, stats.eventLoopLag.p99Seconds],
      [`{stat="max"}`, stats.eventLoopLag.maxSeconds]
    ]
  }
]

const single = (name: string, type: Family["type"], help: string, value: number): Family => ({
  name,
  type,
  help,
  samples: [["", value]]
})

/** The resources of the process: CPU, memory, event loop lag. */
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** One reading. */
export interface ProcessStats {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  /** Unix time. */
  readonly startTimeSeconds: number
  /** Since the reading before. */
  readonly eventLoopLag: { readonly meanSeconds: number; readonly p99Seconds: number; readonly maxSeconds: number }
}

export class ProcessMeter extends Context.Tag("effect-deployers/Server/ProcessMeter")<
  ProcessMeter,
  {
    readonly read: Effect.Effect<ProcessStats>
    /** A reading that does not reset the measurement of the event loop's lag. */
    readonly glance: Effect.Effect<ProcessStats>
  }
>() {}

/** Reads Node's own figures. */
export const layer: Layer.Layer<ProcessMeter> = Layer.scoped(
  ProcessMeter,
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const startTimeSeconds = clock.unsafeCurrentTimeMillis() / 1_000 - process.uptime()
    const delay = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const histogram = monitorEventLoopDelay({ resolution: 20 })
        histogram.enable()
        return histogram
      }),
      (histogram) => Effect.sync(() => histogram.disable())
    )
    const glance = Effect.sync((): ProcessStats => {
      const cpu = process.cpuUsage()
      const memory = process.memoryUsage()
      return {
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
        residentBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        heapTotalBytes: memory.heapTotal,
        startTimeSeconds,
        eventLoopLag: {
          meanSeconds: seconds(delay.mean),
          p99Seconds: seconds(delay.percentile(99)),
          maxSeconds: seconds(delay.max)
        }
      }
    })
    const beginAnew = Effect.sync(() => delay.reset())
    return { glance, read: Effect.zipLeft(glance, beginAnew) }
  })
)

// internal

const seconds = (nanos: number): number => (Number.isFinite(nanos) ? nanos / 1e9 : 0)

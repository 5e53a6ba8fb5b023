/** The serving process of this code: its condition, its report and its runs in progress. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Run } from "../../Store/RunStore.js"
import { Invocation, Lifecycle } from "./Invocation.js"
import { Metrics } from "./Metrics.js"
import { ProcessMeter } from "./ProcessStats.js"
import type { Condition, WorkerReport } from "./Report.js"
import { RunRecorder } from "./RunRecorder.js"

export class ThisProcess extends Context.Tag("effect-deployers/Server/Workers/Local")<
  ThisProcess,
  {
    readonly condition: () => Condition
    /** A text that changes with the counters and the condition. It is cheap to read often. */
    readonly version: () => string
    /** The report. It resets the measurement of the event loop. */
    readonly report: Effect.Effect<WorkerReport>
    /** The report without a reset of the measurement of the event loop. */
    readonly glance: Effect.Effect<WorkerReport>
    /** A run in progress in this process, with the steps it has so far. */
    readonly find: (id: string) => Run | undefined
    /** Cancels a run of this process; false if the run is not in progress here. */
    readonly cancel: (id: string) => boolean
    /** Stores the pending records. */
    readonly flush: Effect.Effect<void>
  }
>() {}

export const layer: Layer.Layer<ThisProcess, never, Invocation | Lifecycle | Metrics | ProcessMeter | RunRecorder> =
  Layer.effect(
    ThisProcess,
    Effect.gen(function* () {
      const { cancel, find, inFlight, queued } = yield* Invocation
      const { phase } = yield* Lifecycle
      const { read } = yield* Metrics
      const meter = yield* ProcessMeter
      const { flush, isHealthy } = yield* RunRecorder
      const condition = (): Condition => ({ phase: phase(), isRecording: isHealthy() })
      const now = (process: WorkerReport["process"]): WorkerReport => ({
        counters: read(),
        inFlight: inFlight(),
        queued: queued(),
        condition: condition(),
        process
      })
      return {
        condition,
        version: () => {
          const { durationSumSeconds, runs, shed } = read()
          return JSON.stringify([runs, durationSumSeconds, shed, condition()])
        },
        report: Effect.map(meter.read, now),
        glance: Effect.map(meter.glance, now),
        find,
        cancel,
        flush
      }
    })
  )

/**
 * The serving process this code runs in: how it is, which runs go in it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Run } from "../../Store/RunStore.js"
import { Invocation } from "../Invocation.js"
import { Lifecycle } from "../Lifecycle.js"
import { Metrics } from "../Metrics.js"
import { ProcessMeter } from "../ProcessStats.js"
import { RunRecorder } from "../RunRecorder.js"
import type { Condition, WorkerReport } from "./Report.js"

/**
 * @category services
 * @since 0.1.0
 */
export class Local extends Context.Tag("effect-deployers/Server/Workers/Local")<
  Local,
  {
    readonly condition: () => Condition
    /** A number that changes with what is counted and with the condition, cheap to ask for often. */
    readonly version: () => string
    /** How it is; begins the measuring of the event loop anew. */
    readonly report: Effect.Effect<WorkerReport>
    /** The same, but leaves the measuring of the event loop as it is. */
    readonly glance: Effect.Effect<WorkerReport>
    /** A run that goes here, as it stands. */
    readonly find: (id: string) => Run | undefined
    /** Interrupts a run that goes here as cancelled; says whether there is one. */
    readonly cancel: (id: string) => boolean
    /** Stores everything that was offered. */
    readonly flush: Effect.Effect<void>
  }
>() {}

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Local, never, Invocation | Lifecycle | Metrics | ProcessMeter | RunRecorder> =
  Layer.effect(
    Local,
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

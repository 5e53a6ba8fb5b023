/** The serving process this code runs in: how it is, which runs go in it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Run } from "../../Store/RunStore.js"
import { Lifecycle } from "../Process/Lifecycle.js"
import { Metrics } from "../Process/Metrics.js"
import { ProcessMeter } from "../Process/ProcessStats.js"
import { Invocation } from "../Run/Invocation.js"
import { RunRecorder } from "../Run/RunRecorder.js"
import type { Condition, WorkerReport } from "./Report.js"

export class ThisProcess extends Context.Tag("effect-deployers/Server/Workers/Local")<
  ThisProcess,
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

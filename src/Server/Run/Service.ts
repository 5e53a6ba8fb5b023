/** The service as a whole, and the process of this code: the only one of the service, or one of several workers. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Issue } from "../../Errors/Issue.js"
import type { Run } from "../../Store/RunStore.js"
import { type NewSignal, RunSignals } from "./Durable/RunSignals.js"
import { HealthChecks } from "./HealthChecks.js"
import { Invocation, Lifecycle } from "./Invocation.js"
import { ProcessMeter } from "./Metrics/ProcessStats.js"
import type { Condition, ServiceReport, WorkerReport } from "./Metrics/Report.js"
import * as UserMetrics from "./Metrics/UserMetrics.js"
import { Metrics } from "./Metrics.js"
import { RunRecorder } from "./Records/RunRecorder.js"

export class Service extends Context.Tag("effect-deployers/Server/Workers/Fleet")<
  Service,
  {
    /** The condition of the service. */
    readonly condition: () => Condition
    /** The report of the service. */
    readonly report: Effect.Effect<ServiceReport>
    /** Stores the pending records of all workers, so that queries see them. */
    readonly flush: Effect.Effect<void>
    /** A run that is in progress in another worker, with the steps it has so far. */
    readonly findElsewhere: (id: string) => Effect.Effect<Run | undefined>
    /** Has another worker store the steps of a run as they start and end, for a caller that reads them. */
    readonly storeSteps: (id: string) => Effect.Effect<void>
    /** Cancels a run of any worker; false if the run is not in progress. */
    readonly cancel: (id: string) => Effect.Effect<boolean>
    /** The problems of the body of a signal, if the run waits for it in any worker. */
    readonly checkSignal: (signal: NewSignal) => Effect.Effect<ReadonlyArray<Issue>>
  }
>() {}

/** The serving process of this code: its condition, its report and its runs in progress. */
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
    /** Stores the steps of a run of this process as they start and end, from now on. */
    readonly storeSteps: (id: string) => void
    /** Cancels a run of this process; false if the run is not in progress here. */
    readonly cancel: (id: string) => boolean
    /** The problems of the body of a signal; none if the run does not wait for it here. */
    readonly checkSignal: (signal: NewSignal) => Effect.Effect<ReadonlyArray<Issue> | undefined>
    /** Stores the pending records. */
    readonly flush: Effect.Effect<void>
  }
>() {}

export const layerThisProcess: Layer.Layer<
  ThisProcess,
  never,
  HealthChecks | Invocation | Lifecycle | Metrics | ProcessMeter | RunRecorder | RunSignals
> = Layer.effect(
  ThisProcess,
  Effect.gen(function* () {
    const { cancel, find, inFlight, queued, storeSteps } = yield* Invocation
    const { phase } = yield* Lifecycle
    const { findings } = yield* HealthChecks
    const { read } = yield* Metrics
    const meter = yield* ProcessMeter
    const { flush, isHealthy } = yield* RunRecorder
    const { problems } = yield* RunSignals
    const condition = (): Condition => ({
      phase: phase(),
      isRecording: isHealthy(),
      checks: findings()
    })
    const now = (process: WorkerReport["process"], user: ReadonlyArray<UserMetrics.Family>): WorkerReport => ({
      user,
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
      report: Effect.zipWith(meter.read, UserMetrics.read, now),
      glance: Effect.zipWith(meter.glance, UserMetrics.read, now),
      find,
      storeSteps,
      cancel,
      checkSignal: problems,
      flush
    }
  })
)

/** A service of one process. */
export const layerAlone: Layer.Layer<Service, never, ThisProcess> = Layer.effect(
  Service,
  Effect.map(ThisProcess, ({ cancel, checkSignal, condition, flush, report }) => ({
    condition,
    report: Effect.map(report, alone),
    flush,
    findElsewhere: () => Effect.succeed(undefined),
    storeSteps: () => Effect.void,
    cancel: (id) => Effect.sync(() => cancel(id)),
    checkSignal: (signal) => Effect.map(checkSignal(signal), (issues) => issues ?? [])
  }))
)

/** The report of a service of one process. */
export const alone = ({ condition, counters, inFlight, process, queued, user }: WorkerReport): ServiceReport => ({
  user,
  counters,
  inFlight,
  queued,
  process,
  isReady: condition.phase === "ready",
  workers: 1,
  workerRestarts: 0
})

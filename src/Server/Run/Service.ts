/** The service as a whole, seen from any of its processes: the only process, or one of several workers. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Run } from "../../Store/RunStore.js"
import type { Condition, ServiceReport, WorkerReport } from "./Report.js"
import { ThisProcess } from "./ThisProcess.js"

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
    /** Cancels a run of any worker; false if the run is not in progress. */
    readonly cancel: (id: string) => Effect.Effect<boolean>
  }
>() {}

/** A service of one process. */
export const layerAlone: Layer.Layer<Service, never, ThisProcess> = Layer.effect(
  Service,
  Effect.map(ThisProcess, ({ cancel, condition, flush, report }) => ({
    condition,
    report: Effect.map(report, alone),
    flush,
    findElsewhere: () => Effect.succeed(undefined),
    cancel: (id) => Effect.sync(() => cancel(id))
  }))
)

/** The report of a service of one process. */
export const alone = ({ condition, counters, inFlight, process, queued }: WorkerReport): ServiceReport => ({
  counters,
  inFlight,
  queued,
  process,
  isReady: condition.phase === "ready",
  workers: 1,
  workerRestarts: 0
})

/** The service as a whole, whichever of its processes is asked: one process on its own, or one of several workers. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Run } from "../../Store/RunStore.js"
import type { Condition, ServiceReport, WorkerReport } from "./Report.js"
import { ThisProcess } from "./ThisProcess.js"

export class Service extends Context.Tag("effect-deployers/Server/Workers/Fleet")<
  Service,
  {
    /** Whether the service takes and records runs. */
    readonly condition: () => Condition
    /** What is to be said of the service. */
    readonly report: Effect.Effect<ServiceReport>
    /** Has everything stored that runs of any worker offered, so that the store can be asked. */
    readonly flush: Effect.Effect<void>
    /** A run that goes in another worker, with the steps it has so far. */
    readonly findElsewhere: (id: string) => Effect.Effect<Run | undefined>
    /** Interrupts a run of any worker as cancelled; says whether there is one that goes. */
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

/** What a process says of the service when it is all there is of it. */
export const alone = ({ condition, counters, inFlight, process, queued }: WorkerReport): ServiceReport => ({
  counters,
  inFlight,
  queued,
  process,
  isReady: condition.phase === "ready",
  workers: 1,
  workerRestarts: 0
})

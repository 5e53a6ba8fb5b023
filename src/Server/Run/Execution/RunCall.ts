/** A run in progress, and the context of all runs of a service. */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type { RunDiverged, RunNotRecovered } from "../../../Contract/Errors.js"
import type * as Pipeline from "../../../Pipeline.js"
import type { RunOperations } from "../../../Run.js"
import type * as Settings from "../../../Settings.js"
import type { Ids } from "../../../Store/Ids.js"
import type { TakenRun } from "../../../Store/RunStore.js"
import type { SyncOrFiber } from "../../HotPath/SyncOrFiber.js"
import type * as BinaryOutput from "../Artifacts/BinaryOutput.js"
import type * as DurableCall from "../Durable/DurableCall.js"
import type { RunSignals } from "../Durable/RunSignals.js"
import type { Suspension } from "../Durable/Suspension.js"
import type * as InvokeRequest from "../InvokeRequest.js"
import type * as Admission from "../Limits/Admission.js"
import type { Metrics } from "../Metrics.js"
import type { RunRecorder } from "../Records/RunRecorder.js"
import type * as Response from "../Response.js"
import type { ActiveRun } from "./ActiveRun.js"
import type { ActiveRuns, Going } from "./ActiveRuns.js"
import type { RunFiber, RunRuntime } from "./RunFiber.js"
import type * as RunOutcome from "./RunOutcome.js"
import type { Subjects } from "./Subject.js"

/** A request that was admitted, and the function that takes its only answer. */
export interface InvocationRequest {
  readonly runtime: RunRuntime
  readonly request: InvokeRequest.InvokeRequest
  readonly options: InvokeRequest.InvokeOptions
  /** The session that the run belongs to. */
  readonly session: string | undefined
  readonly slot: Admission.Slot
  readonly onAnswer: (answer: Response.Response) => void
  /** The record of a run that another process accepted. */
  readonly taken?: TakenRun | undefined
  /** The failure of a run that cannot go on. */
  readonly ending?: RunDiverged | RunNotRecovered | undefined
}

/** The state that the runs of a pipeline share. */
export interface Options {
  readonly pipeline: Pipeline.Any
  readonly identity: RunOutcome.Identity
  readonly serving: Settings.Serving
  readonly runs: ActiveRuns<Call>
  readonly admission: Admission.Admission
  readonly syncOrFiber: SyncOrFiber
  /** The path of a run. */
  readonly pathOf: (runId: string) => string
  /** True when the service gives its runs to the next process. */
  readonly isHandingOver: () => boolean
}

/** Call it when the caller disconnects. It has no effect on a run that has ended. */
export type OnDisconnect = () => void

/** Executes a run. Returns `undefined` for a run that has ended already or continues without its caller. */
export type ExecuteRun = (invocation: InvocationRequest) => OnDisconnect | undefined

/** A run in progress. */
export interface Call extends Omit<InvocationRequest, "slot" | "onAnswer">, Going {
  onAnswer: InvocationRequest["onAnswer"]
  slot: Admission.Slot
  fiber: RunFiber | undefined
  isLeft: boolean
  /** The milliseconds of the run before this process took it, which its deadline does not count. */
  readonly earlierMillis: number
  /** Absent for a run that needs none. */
  readonly durable: DurableCall.DurableCall | undefined
  /** Its sleeps and waits, once there are any. */
  suspension: Suspension | undefined
  operations: RunOperations | undefined
}

/** The context of all runs. */
export interface RunnerContext extends Options {
  readonly ids: Context.Tag.Service<Ids>
  readonly clock: Clock.Clock
  readonly metrics: Context.Tag.Service<Metrics>
  readonly recorder: Context.Tag.Service<RunRecorder>
  readonly judge: ReturnType<typeof RunOutcome.judge>
  /** The pipeline that runs with some parameters: in a group they name it. */
  readonly subjectOf: Subjects["of"]
  /** Reads and keeps the bytes of a result; absent if every output is JSON. */
  readonly collect: ReturnType<typeof BinaryOutput.collector>
  /** Starts the deadline of a run that is still in progress at the end of the turn: a timer costs more than a quick run. */
  readonly startDeadlineLater: (call: Call) => void
  /** Absent if no run is recorded step by step or recovered. */
  readonly policy: DurableCall.Policy | undefined
  readonly signals: Context.Tag.Service<RunSignals>
  readonly operationsOf: (run: ActiveRun) => RunOperations
}

/** Starts the deadline of a run, unless it sleeps or waits for a signal. */
export const startDeadline = ({ serving }: Pick<RunnerContext, "serving">, call: Call): void => {
  if (call.suspension?.isSuspended === true) return
  call.fiber?.startDeadline(deadline(call.request, serving), countedMillis(call))
}

// internal

/** The time of a run that its deadline counts. */
const countedMillis = ({ earlierMillis, run, suspension }: Call): number =>
  run.elapsedMillis() - earlierMillis - (suspension?.millis ?? 0)

const maxTimeoutMillis = 2 ** 31 - 1

const deadline = (request: InvokeRequest.InvokeRequest, serving: Settings.Serving): number =>
  Math.min(request.timeoutMillis ?? serving.requestTimeoutMillis, maxTimeoutMillis)

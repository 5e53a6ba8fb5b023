/** What performing a run works with. */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Pipeline from "../../Pipeline.js"
import type * as Settings from "../../Settings.js"
import type { Ids } from "../../Store/Ids.js"
import type { SyncOrFiber } from "../HotPath/SyncOrFiber.js"
import type { ActiveRun } from "./ActiveRun.js"
import type { ActiveRuns, Going } from "./ActiveRuns.js"
import type * as Admission from "./Admission.js"
import type * as InvokeRequest from "./InvokeRequest.js"
import type { Metrics } from "./Metrics.js"
import type * as Response from "./Response.js"
import type { RunFiber } from "./RunFiber.js"
import type * as RunOutcome from "./RunOutcome.js"
import type { RunRecorder } from "./RunRecorder.js"
import type { RunRuntime } from "./RunRuntime.js"

/** How a run is asked for. */
export interface InvokeOptions {
  /** Whether it is answered as soon as it is accepted and stored, and then goes on whoever leaves. */
  readonly isDetached: boolean
  /** Hears of the run before it starts. */
  readonly onAccepted: ((run: ActiveRun) => void) | undefined
  /** The id it was promised, and the key its answer is kept under. */
  readonly claim?: { readonly runId: string; readonly key: string } | undefined
}

/** What was asked for and is answered once. */
export interface InvocationRequest {
  readonly runtime: RunRuntime
  readonly request: InvokeRequest.InvokeRequest
  readonly manner: InvokeOptions
  readonly place: Admission.Slot
  readonly onAnswer: (answer: Response.Response) => void
}

/** What the runs of a pipeline share. */
export interface Options {
  readonly pipeline: Pipeline.Any
  readonly identity: RunOutcome.Identity
  readonly serving: Settings.Serving
  readonly runs: ActiveRuns
  readonly admission: Admission.Admission
  readonly eventually: SyncOrFiber
  /** The path of a run. */
  readonly pathOf: (runId: string) => string
}

/** What all runs are performed with. */
export interface RunnerContext extends Options {
  readonly ids: Context.Tag.Service<Ids>
  readonly clock: Clock.Clock
  readonly metrics: Context.Tag.Service<Metrics>
  readonly recorder: Context.Tag.Service<RunRecorder>
  readonly judge: ReturnType<typeof RunOutcome.judge>
  /** Starts the deadline of a run that still goes when the turn is over: a timer costs more than a quick run. */
  readonly startDeadlineLater: (call: Call) => void
}

/** A run that is performed. */
export interface Call extends InvocationRequest, Going {
  onAnswer: InvocationRequest["onAnswer"]
  fiber: RunFiber | undefined
  isLeft: boolean
}

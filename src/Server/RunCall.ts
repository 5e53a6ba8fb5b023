/**
 * What performing a run works with.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type { Ids } from "../Ids.js"
import type * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"
import type { ActiveRun } from "./ActiveRun.js"
import type * as Admission from "./Admission.js"
import type * as Answer from "./Answer.js"
import type { Eventually } from "./Eventually.js"
import type { Going, GoingRuns } from "./GoingRuns.js"
import type * as InvokeRequest from "./InvokeRequest.js"
import type { Metrics } from "./Metrics.js"
import type * as Outcome from "./Outcome.js"
import type { RunFiber } from "./RunFiber.js"
import type { RunRecorder } from "./RunRecorder.js"
import type { RunRuntime } from "./RunRuntime.js"

/**
 * How a run is asked for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Manner {
  /** Whether it is answered as soon as it is accepted and stored, and then goes on whoever leaves. */
  readonly isDetached: boolean
  /** Hears of the run before it starts. */
  readonly onAccepted: ((run: ActiveRun) => void) | undefined
  /** The id it was promised, and the key its answer is kept under. */
  readonly claim?: { readonly runId: string; readonly key: string } | undefined
}

/**
 * What was asked for and is answered once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Asked {
  readonly runtime: RunRuntime
  readonly request: InvokeRequest.InvokeRequest
  readonly manner: Manner
  readonly place: Admission.Place
  readonly onAnswer: (answer: Answer.Answer) => void
}

/**
 * What the runs of a pipeline share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly pipeline: Pipeline.Any
  readonly identity: Outcome.Identity
  readonly serving: Settings.Serving
  readonly runs: GoingRuns
  readonly admission: Admission.Admission
  readonly eventually: Eventually
  /** The path of a run. */
  readonly pathOf: (runId: string) => string
}

/**
 * What all runs are performed with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kit extends Options {
  readonly ids: Context.Tag.Service<Ids>
  readonly clock: Clock.Clock
  readonly metrics: Context.Tag.Service<Metrics>
  readonly recorder: Context.Tag.Service<RunRecorder>
  readonly judge: ReturnType<typeof Outcome.judge>
  /** Starts the deadline of a run that still goes when the turn is over: a timer costs more than a quick run. */
  readonly startDeadlineLater: (call: Call) => void
}

/**
 * A run that is performed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call extends Asked, Going {
  onAnswer: Asked["onAnswer"]
  fiber: RunFiber | undefined
  isLeft: boolean
}

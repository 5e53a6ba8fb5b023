/**
 * The run of a step or pipeline: user code publishes messages and reads the run's identity, and the serving runtime listens
 * to steps. Outside a served deployment (a unit test, a script) the current run is
 * detached: nothing is recorded and everything still works.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"

/**
 * Cause of an interruption: a request cancelled the run (`cancelled`), the caller disconnected (`disconnected`), the
 * deadline passed (`timeout`), the service stopped (`shutdown`), or its process died (`lost`).
 *
 * @category models
 * @since 0.1.0
 */
export type InterruptionCause = "cancelled" | "disconnected" | "timeout" | "shutdown" | "lost"

/**
 * Identity of the current run.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunInfo {
  /** UUIDv7 of the run. */
  readonly id: string
  /** Name given by the caller, or one derived from the pipeline's name and the run's index. */
  readonly name: string
  /** Name of the deployment that serves the run. */
  readonly deploymentName: string
}

/**
 * The start of one call of a step.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepCall {
  /** Name the step was made with; the listener numbers repeated calls (`forecast`, `forecast#2`, ...). */
  readonly step: string
  /** Schema of the step's output, for encoding what is recorded. */
  readonly output: Schema.Schema.AnyNoContext
  /** Schema of the step's typed failures, when it declares one. */
  readonly error: Schema.Schema.AnyNoContext | undefined
}

/**
 * Receives the end of one step call.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepObserver {
  /** Called once per call with how it ended and how often its body ran (1 = no retry). */
  readonly ended: (exit: Exit.Exit<unknown, unknown>, attempts: number) => Effect.Effect<void>
}

/**
 * Listens to everything a run does. The serving runtime provides one per run; user code never needs it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunListener {
  readonly info: RunInfo | undefined
  /** Called by the fiber of the step when a call starts. */
  readonly stepStarted: (call: StepCall) => StepObserver
  /** Called when the pipeline publishes something; the publisher waits for it. */
  readonly published: (data: unknown) => Effect.Effect<void>
}

const silent: StepObserver = { ended: () => Effect.void }
const detached: RunListener = {
  info: undefined,
  stepStarted: () => silent,
  published: () => Effect.void
}

/**
 * The listener of the run this fiber belongs to. It has a default, so it never shows up in `R`.
 *
 * @category services
 * @since 0.1.0
 */
export class CurrentRun extends Context.Reference<CurrentRun>()("effect-deployers/Run/CurrentRun", {
  defaultValue: (): RunListener => detached
}) {}

/**
 * Publishes a JSON message on the current run: it is stored with the run and streamed to its followers. Does
 * nothing outside a served run.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Run } from "effect-deployers"
 *
 * const program = Run.publish({ progress: 0.5 }).pipe(Effect.as("half way"))
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const publish = (data: unknown): Effect.Effect<void> =>
  Effect.flatMap(CurrentRun, (listener) => listener.published(data))

/**
 * The identity of the current run, or `undefined` outside a served run.
 *
 * @category accessors
 * @since 0.1.0
 */
export const info: Effect.Effect<RunInfo | undefined> = Effect.map(CurrentRun, (listener) => listener.info)

/** The run that a fiber belongs to: what it says of itself, and what it hears. */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { ResponseRefused } from "../Errors/Runs.js"
import type * as File from "../File.js"
import type { StepCaching } from "../Step/Caching.js"
import type * as Request from "./Request.js"
import type * as Response from "./Response.js"

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
  /**
   * Id of the request that started the run: its `X-Request-Id`, or the one that the service gave it. Send it with requests
   * to other services to follow a request through all of them.
   */
  readonly requestId?: string | undefined
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
  /** Schema of the step's input, for its digest. */
  readonly input: Schema.Schema.AnyNoContext
  /** Schema of the step's output, for encoding what is recorded. */
  readonly output: Schema.Schema.AnyNoContext
  /** Schema of the step's typed failures, when it declares one. */
  readonly error: Schema.Schema.AnyNoContext | undefined
}

/**
 * A call of a step that does not execute as it is: it ends with an outcome that is known, and is not observed, or its run may
 * go on in another process.
 *
 * @category models
 * @since 0.1.0
 */
export type StepHandling =
  | { readonly _tag: "Outcome"; readonly outcome: Effect.Effect<unknown, unknown> }
  | {
      readonly _tag: "Durable"
      /** The attempts that failed in earlier processes. */
      readonly failures: number
      /** Runs an attempt with the listener of the operations inside the step. */
      readonly within: <A, E, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
      /** Run when an attempt has failed, before the next one. */
      readonly attemptFailed: Effect.Effect<void>
    }

/**
 * The operations of a run that are recorded, so that they give the same when the run continues in another process.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOperations {
  /** See {@link once}. */
  readonly once: <A, I, E, R>(
    name: string,
    schema: Schema.Schema<A, I>,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
  /** See {@link sleep}. */
  readonly sleep: (duration: Duration.Duration) => Effect.Effect<void>
  /** See {@link waitFor}. */
  readonly waitFor: <A, I>(
    name: string,
    schema: Schema.Schema<A, I>,
    timeout: Duration.Duration | undefined
  ) => Effect.Effect<A, SignalTimedOut>
}

/**
 * Receives the end of one step call.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepObserver {
  /** Absent for a call that executes as it is. */
  readonly handling?: StepHandling | undefined
  /** The name of the call in the run: `forecast`, `forecast#2`, ...; absent if the call is not recorded. */
  readonly name?: string | undefined
  /**
   * Gives the output of an earlier call in place of the body; absent if outputs are not used again. An output of the
   * body is kept with the end of the call.
   */
  readonly cached?:
    | (<A, E, R>(caching: StepCaching, input: unknown, body: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>)
    | undefined
  /** Called once per call with how it ended and how often its body ran (1 = no retry). */
  readonly ended: (exit: Exit.Exit<unknown, unknown>, attempts: number) => Effect.Effect<void>
}

/**
 * A line that a run logs.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Such as `INFO`. */
  readonly level: string
  readonly message: string
  /** Annotations, cause and spans of the entry. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
}

/**
 * The elements of a pipeline that streams.
 *
 * @category models
 * @since 0.2.0
 */
export interface Emission {
  /** Schema of one element, for encoding what is sent and recorded. */
  readonly element: Schema.Schema.AnyNoContext
}

/**
 * A file whose bytes are to be written.
 *
 * @category models
 * @since 0.2.0
 */
export interface FileSource<out E> {
  readonly name: string
  readonly contentType: string
  readonly content: Stream.Stream<Uint8Array, E>
}

/**
 * Listens to everything a run does. The serving runtime provides one per run; user code never needs it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunListener {
  readonly info: RunInfo | undefined
  /** The id of the key of the caller; absent if the service asks for no key. */
  readonly caller?: string | undefined
  /** The session that the run belongs to; absent if it has none. */
  readonly session?: string | undefined
  /** The request that started the run; absent for a run that no request started. */
  readonly request?: Request.RunRequest | undefined
  /** Called when the pipeline sets parts of the response to the run; absent if nothing answers the run. */
  readonly respond?: ((options: Response.RespondOptions) => Either.Either<void, ResponseRefused>) | undefined
  /** The attributes of the spans of the run; absent if the run has no spans. */
  readonly trace?: Readonly<Record<string, unknown>> | undefined
  /** Called by the fiber of the step when a call starts. */
  readonly stepStarted: (call: StepCall, input: unknown, fiber: Fiber.RuntimeFiber<unknown, unknown>) => StepObserver
  /**
   * Called for each element of a pipeline that streams, which waits until its caller takes more; absent where nothing
   * takes elements.
   */
  readonly emitted?: ((emission: Emission, value: unknown) => Effect.Effect<void>) | undefined
  /** True if the caller receives the elements one by one, so that the pipeline does not have to keep them. */
  readonly takesElements?: boolean | undefined
  /** Writes a file of the run, which is removed at its end; absent outside a served run. */
  readonly writeFile?: (<E>(source: FileSource<E>) => Effect.Effect<File.File, E>) | undefined
  /** Called when the pipeline publishes something; the publisher waits for it. */
  readonly published: (data: unknown) => Effect.Effect<void>
  /** Called for each line that the run logs; absent if the lines are not kept with the run. */
  readonly logged?: ((line: LogLine) => void) | undefined
  /** Absent outside a served run. */
  readonly operations?: RunOperations | undefined
}

/**
 * No signal arrived within the `timeout` of {@link waitFor}.
 *
 * @category errors
 * @since 0.1.0
 */
export class SignalTimedOut extends Schema.TaggedError<SignalTimedOut>()(
  "SignalTimedOut",
  { signal: Schema.String, timeoutMillis: Schema.Number },
  HttpApiSchema.annotations({ status: 504, description: "No signal arrived in time." })
) {
  override get message(): string {
    return `No signal "${this.signal}" arrived within ${this.timeoutMillis} ms.`
  }
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

/**
 * Running a deployed pipeline from code.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { DeploymentHttpError } from "../Errors/Http.js"
import { DeploymentRunFailed } from "../Errors/Runs.js"
import type * as Pipeline from "../Pipeline.js"
import { StepTimedOut } from "../Step.js"
import type { RunMetadata } from "../Wire.js"
import { call, type FindError, type Requirements } from "./Calling.js"
import { coerce, mayCoerce } from "./Coerce.js"
import type { Endpoint, Ref } from "./Endpoints.js"
import { type Answer, type Ask, errorOf } from "./Http.js"
import { paths } from "./Paths.js"
import { schemasOf } from "./Schemas.js"
import { failureOf, type InvokeError, invokeError, Success } from "./Wire.js"

/**
 * What can be said about one invocation.
 *
 * @category models
 * @since 0.1.0
 */
export interface InvokeOptions {
  /** Name of the run; default: the pipeline's name and the run's index. */
  readonly runName?: string | undefined
  /** Deadline of the run, enforced by the deployment; default: what the deployment is set to. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Record only statuses and times of the run, not its data; default `false`. */
  readonly skipArtifacts?: boolean | undefined
}

/**
 * A run that succeeded: its outputs and what the deployment says of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Invocation<out O> {
  readonly outputs: O
  readonly executionTimeMillis: number
  readonly metadata: RunMetadata
}

/**
 * Any pipeline, also one whose requirements are met elsewhere: a client needs its schemas only.
 *
 * @category models
 * @since 0.1.0
 */
export type Definition = Pipeline.Pipeline<
  Schema.Schema.AnyNoContext,
  Schema.Schema.AnyNoContext,
  Schema.Schema.All,
  unknown
>

/**
 * A client of one deployment, typed by its pipeline.
 *
 * @category models
 * @since 0.1.0
 */
export interface Client<P extends Definition, R extends Ref> {
  /** Runs the pipeline and gives its outputs. Its typed failures come back as the errors they are. */
  readonly invoke: (
    parameters: Pipeline.Parameters<P>,
    options?: InvokeOptions
  ) => Effect.Effect<Pipeline.Outputs<P>, Pipeline.Failure<P> | InvokeError | FindError<R>, Requirements<R>>
  /** The same with the run's id, name, duration and parameters. */
  readonly invokeDetailed: (
    parameters: Pipeline.Parameters<P>,
    options?: InvokeOptions
  ) => Effect.Effect<Invocation<Pipeline.Outputs<P>>, Pipeline.Failure<P> | InvokeError | FindError<R>, Requirements<R>>
}

/**
 * Makes a typed client of a deployment from the pipeline it serves.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Client, Pipeline } from "effect-deployers"
 *
 * const greet = Pipeline.make("greet", {
 *   input: Schema.Struct({ name: Schema.String }),
 *   output: Schema.Struct({ greeting: Schema.String }),
 *   run: ({ name }) => Effect.succeed({ greeting: `Hello, ${name}!` })
 * })
 *
 * const program = Effect.gen(function* () {
 *   const { greeting } = yield* Client.make(greet, "greetings").invoke({ name: "Ada" })
 *   yield* Effect.log(greeting)
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <P extends Definition, const R extends Ref>(pipeline: P, ref: R): Client<P, R> => {
  const decodeOutputs = ParseResult.decodeUnknown(pipeline.output)
  const decodeFailure = Schema.decodeUnknown(
    Schema.Union(pipeline.error as Schema.Schema<Schema.Schema.Type<P["error"]>, unknown>, StepTimedOut)
  )

  const failed = (endpoint: Endpoint, answer: Answer): Effect.Effect<never, Pipeline.Failure<P> | InvokeError> => {
    const failure = failureOf(answer)
    return failure === undefined
      ? Effect.fail(invokeError(endpoint, answer))
      : decodeFailure(failure.error).pipe(
          Effect.mapError(() => mismatch(endpoint, `failed with ${failure._tag}, which`, answer.status)),
          Effect.flatMap((error) => Effect.fail(error as Pipeline.Failure<P>))
        )
  }

  const invokeDetailed: Client<P, R>["invokeDetailed"] = (parameters, options = {}) =>
    Effect.gen(function* () {
      const { answer, endpoint } = yield* call(ref, (endpoint) => Effect.succeed(asking(endpoint, parameters, options)))
      if (answer.status !== 200) return yield* failed(endpoint, answer)
      const { executionTimeMillis, metadata, outputs } = yield* success(endpoint, answer)
      return {
        outputs: yield* Effect.mapError(decodeOutputs(outputs), () =>
          mismatch(endpoint, "answered outputs which", 200)
        ),
        executionTimeMillis,
        metadata
      }
    })

  return {
    invoke: (parameters, options) => Effect.map(invokeDetailed(parameters, options), ({ outputs }) => outputs),
    invokeDetailed
  }
}

/**
 * Runs a deployed pipeline without knowing its types.
 *
 * **Details**
 *
 * Parameters that are JSON text where the input schema wants an object or an array are parsed. Nothing else is checked
 * here: the deployment does that and `DeploymentInvalidParameters` lists what is wrong. A typed failure of the pipeline
 * comes back as `DeploymentRunFailed` with its encoded form.
 *
 * @category invoking
 * @since 0.1.0
 */
export const invoke = <const R extends Ref>(
  ref: R,
  parameters: Readonly<Record<string, unknown>>,
  options: InvokeOptions = {}
): Effect.Effect<Invocation<unknown>, DeploymentRunFailed | InvokeError | FindError<R>, Requirements<R>> =>
  Effect.gen(function* () {
    const { answer, endpoint } = yield* call(ref, (endpoint) =>
      Effect.map(coerced(endpoint, parameters), (coerced) => asking(endpoint, coerced, options))
    )
    const failure = failureOf(answer)
    if (failure !== undefined) {
      return yield* new DeploymentRunFailed({
        deployment: endpoint.name,
        reason: failure.message,
        error: failure.error,
        ...(failure.runId === undefined ? {} : { runId: failure.runId })
      })
    }
    if (answer.status !== 200) return yield* Effect.fail(invokeError(endpoint, answer))
    const { executionTimeMillis, metadata, outputs } = yield* success(endpoint, answer)
    return { outputs, executionTimeMillis, metadata }
  })

// internal

/** What an answer may take beyond the run's own deadline. */
const margin = Duration.seconds(15)

const asking = (endpoint: Endpoint, parameters: unknown, { runName, skipArtifacts, timeout }: InvokeOptions): Ask => {
  const timeoutMillis = timeout === undefined ? undefined : Math.max(1, Math.ceil(Duration.toMillis(timeout)))
  return {
    method: "POST",
    path: paths(endpoint.serving).invoke,
    timeout: Duration.sum(Duration.millis(timeoutMillis ?? endpoint.serving.requestTimeoutMillis), margin),
    body: { parameters, runName, timeoutMillis, skipArtifacts }
  }
}

const decodeSuccess = ParseResult.decodeUnknown(Success)

const success = (endpoint: Endpoint, answer: Answer): Effect.Effect<typeof Success.Type, DeploymentHttpError> =>
  Effect.mapError(decodeSuccess(answer.json), () =>
    errorOf(endpoint, "what it answered is not what a deployment answers", answer.status)
  )

const mismatch = (endpoint: Endpoint, what: string, status: number): DeploymentHttpError =>
  errorOf(
    endpoint,
    `it ${what} the given pipeline does not declare; the deployment and the pipeline are of different versions`,
    status
  )

const coerced = (
  endpoint: Endpoint,
  parameters: Readonly<Record<string, unknown>>
): Effect.Effect<Readonly<Record<string, unknown>>, never, HttpClient.HttpClient> =>
  mayCoerce(parameters)
    ? schemasOf(endpoint).pipe(
        Effect.map(({ input }) => coerce(input, parameters)),
        Effect.orElseSucceed(() => parameters)
      )
    : Effect.succeed(parameters)

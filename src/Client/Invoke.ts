/** Invocations of a deployed pipeline. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Contract from "../Contract/Contract.js"
import type { RunMetadata } from "../Contract/Envelope.js"
import * as Envelope from "../Contract/Envelope.js"
import { DeploymentHttpError, type RunNotFound } from "../Contract/Errors.js"
import type { RunEvent } from "../Contract/RunEvent.js"
import { DeploymentRunFailed } from "../Errors/Runs.js"
import { binaryOf } from "../Output.js"
import { type Elements, isElements } from "../Pipeline/Elements.js"
import type * as Pipeline from "../Pipeline.js"
import { StepTimedOut } from "../Step.js"
import type { Endpoint, Ref } from "./Endpoints.js"
import { invoked } from "./Follow.js"
import { type Ask, type Content, errorOf, type HttpResponse, type Opened } from "./Http.js"
import { asking, coerced, type InvokeOptions, takingBytes } from "./InvokeRequest.js"
import { fileOf, output } from "./Output.js"
import { type Called, call, callForEvents, type FindError, find, type Requirements } from "./Retry.js"
import { type EndingError, endingOf, hasNoData } from "./RunResult.js"
import { accepted, awaitRun, startAsk } from "./Start.js"
import {
  type Failure,
  failureOf,
  type InvokeError,
  invokeError,
  type QueryError,
  type StartError,
  Success
} from "./Wire.js"

/**
 * A run that succeeded: outputs, duration and metadata.
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
 * A contract, or any pipeline: a client needs name and schemas only.
 *
 * @category models
 * @since 0.1.0
 */
export type Definition = Contract.Any

/**
 * A client of one deployment, typed by its contract.
 *
 * @category models
 * @since 0.1.0
 */
export interface Client<P extends Definition, R extends Ref> {
  /** Runs the pipeline and returns its outputs. Its typed failures are the errors of its schema. */
  readonly invoke: (
    parameters: Pipeline.Parameters<P>,
    options?: InvokeOptions
  ) => Effect.Effect<Pipeline.Outputs<P>, Pipeline.Failure<P> | InvokeError | FindError<R>, Requirements<R>>
  /** Like `invoke`, with the id, name, duration and parameters of the run. */
  readonly invokeDetailed: (
    parameters: Pipeline.Parameters<P>,
    options?: InvokeOptions
  ) => Effect.Effect<Invocation<Pipeline.Outputs<P>>, Pipeline.Failure<P> | InvokeError | FindError<R>, Requirements<R>>
  /**
   * Starts a run and returns its id as soon as the run is on record. The run continues without its caller.
   */
  readonly start: (
    parameters: Pipeline.Parameters<P>,
    options?: InvokeOptions
  ) => Effect.Effect<string, StartError | FindError<R>, Requirements<R>>
  /** Waits for a started run, and returns its outputs or fails as `invoke` does. */
  readonly awaitRun: (
    id: string
  ) => Effect.Effect<
    Pipeline.Outputs<P>,
    Pipeline.Failure<P> | EndingError | RunNotFound | QueryError | FindError<R>,
    Requirements<R>
  >
  /**
   * Runs the pipeline and emits the elements of a pipeline that streams, as they come; its typed failures are the errors of
   * its schema. For any other pipeline it emits the events of the run, as `follow` does. Interrupting the stream interrupts
   * the run, and a reader that takes no element holds the pipeline.
   */
  readonly stream: (parameters: Pipeline.Parameters<P>, options?: InvokeOptions) => Streamed<P, R>
  /**
   * Runs the pipeline and emits the events of the run to its end; the last event contains the result. Interrupting the
   * stream interrupts the run.
   */
  readonly follow: (parameters: Pipeline.Parameters<P>, options?: InvokeOptions) => EventsOf<R>
}

/**
 * The events of a run that a call starts.
 *
 * @category type-level
 * @since 0.2.0
 */
export type EventsOf<R extends Ref> = Stream.Stream<RunEvent, StartError | FindError<R>, Requirements<R>>

/**
 * The elements of a pipeline that streams, or the events of a run of any other pipeline.
 *
 * @category type-level
 * @since 0.2.0
 */
export type Streamed<P extends Definition, R extends Ref> =
  P["output"] extends Elements<infer A>
    ? Stream.Stream<Schema.Schema.Type<A>, Pipeline.Failure<P> | InvokeError | FindError<R>, Requirements<R>>
    : EventsOf<R>

/**
 * Makes a typed client of a deployment from its contract or its pipeline.
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

  const typed = (
    endpoint: Endpoint,
    failure: typeof Failure.Type,
    status?: number
  ): Effect.Effect<never, Pipeline.Failure<P> | DeploymentHttpError> =>
    decodeFailure(failure.error).pipe(
      Effect.mapError(() => mismatch(endpoint, `failed with ${failure._tag}, which`, status)),
      Effect.flatMap((error) => Effect.fail(error as Pipeline.Failure<P>))
    )

  const binary = binaryOf(pipeline.output)
  const asked = (endpoint: Endpoint, parameters: unknown, options: InvokeOptions) =>
    binary === undefined ? asking(endpoint, parameters, options) : takingBytes(asking(endpoint, parameters, options))

  const outputsIn = (endpoint: Endpoint, outputs: unknown, status?: number) =>
    Effect.mapError(decodeOutputs(outputs), () => mismatch(endpoint, "answered outputs which", status))

  const invokeDetailed: Client<P, R>["invokeDetailed"] = (parameters, options = {}) =>
    Effect.gen(function* () {
      const { answer, endpoint } = yield* call(ref, (endpoint) => Effect.succeed(asked(endpoint, parameters, options)))
      const failure = failureOf(answer)
      if (failure !== undefined) return yield* typed(endpoint, failure, answer.status)
      if (!isOutputs(answer)) return yield* Effect.fail(invokeError(endpoint, answer))
      if (answer.content !== undefined) {
        const { executionTimeMillis, file, metadata } = yield* received(endpoint, answer.content)
        return { outputs: yield* outputsIn(endpoint, file, answer.status), executionTimeMillis, metadata }
      }
      const { executionTimeMillis, metadata, outputs } = yield* success(endpoint, answer)
      return { outputs: yield* outputsIn(endpoint, outputs, answer.status), executionTimeMillis, metadata }
    })

  const waited: Client<P, R>["awaitRun"] = (id) =>
    Effect.gen(function* () {
      const run = yield* awaitRun(ref, id)
      const endpoint = yield* find(ref)
      const ending = endingOf(endpoint, { ...run, runId: id })
      const missing = errorOf(
        endpoint,
        `its run ${id} was recorded without data, so its result is not known; invoke without skipArtifacts to record it`
      )
      const orMissing = <A, E>(decoded: Effect.Effect<A, E | DeploymentHttpError>) =>
        hasNoData(run)
          ? Effect.mapError(decoded, (error) => (error instanceof DeploymentHttpError ? missing : error))
          : decoded
      switch (ending._tag) {
        case "Outputs": {
          const isReference = binary !== undefined && ending.outputs !== undefined
          const outputs = isReference
            ? yield* Effect.catchTag(output(ref, id), "ArtifactNotFound", ({ message }) =>
                Effect.fail(errorOf(endpoint, message.replace(/\.$/, "")))
              )
            : ending.outputs
          return yield* orMissing(outputsIn(endpoint, outputs))
        }
        case "Failure":
          return yield* orMissing(typed(endpoint, ending.failure))
        case "Error":
          return yield* Effect.fail(ending.error)
      }
    })

  const follow: Client<P, R>["follow"] = (parameters, options = {}) =>
    invoked(callForEvents(ref, (endpoint) => Effect.succeed(asking(endpoint, parameters, options))))

  const elementsOf = ({ element }: Elements<Schema.Schema.AnyNoContext>, called: Called<Opened>) => {
    const { endpoint } = called
    const decode = ParseResult.decodeUnknown(element)
    return invoked(Effect.succeed(called)).pipe(
      Stream.mapEffect((event): Effect.Effect<Option.Option<unknown>, Pipeline.Failure<P> | InvokeError> => {
        if (event.event === "element") {
          return Effect.asSome(
            Effect.mapError(decode(event.data), () => mismatch(endpoint, "sent an element which", undefined))
          )
        }
        if (event.event !== "run_finished") return Effect.succeedNone
        const ending = endingOf(endpoint, event.data)
        switch (ending._tag) {
          case "Outputs":
            return Effect.succeedNone
          case "Failure":
            return typed(endpoint, ending.failure)
          case "Error":
            return Effect.fail(ending.error)
        }
      }),
      Stream.filterMap((element) => element)
    )
  }

  const stream = (parameters: Pipeline.Parameters<P>, options: InvokeOptions = {}) => {
    const { output } = pipeline
    return isElements(output)
      ? Stream.unwrap(
          Effect.map(
            callForEvents(ref, (endpoint) => Effect.succeed(asking(endpoint, parameters, options))),
            (called) => elementsOf(output, called)
          )
        )
      : follow(parameters, options)
  }

  return {
    invoke: (parameters, options) => Effect.map(invokeDetailed(parameters, options), ({ outputs }) => outputs),
    invokeDetailed,
    start: (parameters, options = {}) =>
      Effect.flatMap(
        call(ref, (endpoint) => startAsk(endpoint, parameters, options)),
        accepted
      ),
    awaitRun: waited,
    follow,
    // The type depends on the schema of the outputs, which only the value knows here.
    stream: stream as Client<P, R>["stream"]
  }
}

/**
 * Invokes a deployed pipeline without its types.
 *
 * **Details**
 *
 * A parameter that is JSON text is parsed if the input schema expects an object or an array. The deployment validates all
 * parameters: `DeploymentInvalidParameters` lists the problems. A typed failure of the pipeline is a
 * `DeploymentRunFailed` with the encoded failure.
 *
 * @category runs
 * @since 0.1.0
 */
export const invoke = <const R extends Ref>(
  ref: R,
  parameters: Readonly<Record<string, unknown>>,
  options: InvokeOptions = {}
): Effect.Effect<Invocation<unknown>, DeploymentRunFailed | InvokeError | FindError<R>, Requirements<R>> =>
  untyped(ref, parameters, (endpoint, coerced) => asking(endpoint, coerced, options))

/**
 * Like {@link invoke}, and outputs that are bytes (`Output.bytes`, `Output.file`) are a file, also those of a run whose data is
 * not recorded. `metadata` then has no `parametersUsed`.
 *
 * @category runs
 * @since 0.2.0
 */
export const invokeBinary = <const R extends Ref>(
  ref: R,
  parameters: Readonly<Record<string, unknown>>,
  options: InvokeOptions = {}
): Effect.Effect<Invocation<unknown>, DeploymentRunFailed | InvokeError | FindError<R>, Requirements<R>> =>
  untyped(ref, parameters, (endpoint, coerced) => takingBytes(asking(endpoint, coerced, options)))

// internal

const untyped = <const R extends Ref>(
  ref: R,
  parameters: Readonly<Record<string, unknown>>,
  ask: (endpoint: Endpoint, parameters: Readonly<Record<string, unknown>>) => Ask
): Effect.Effect<Invocation<unknown>, DeploymentRunFailed | InvokeError | FindError<R>, Requirements<R>> =>
  Effect.gen(function* () {
    const { answer, endpoint } = yield* call(ref, (endpoint) =>
      Effect.map(coerced(endpoint, parameters), (coerced) => ask(endpoint, coerced))
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
    if (!isOutputs(answer)) return yield* Effect.fail(invokeError(endpoint, answer))
    if (answer.content !== undefined) {
      const { file, ...result } = yield* received(endpoint, answer.content)
      return { outputs: file, ...result }
    }
    const { executionTimeMillis, metadata, outputs } = yield* success(endpoint, answer)
    return { outputs, executionTimeMillis, metadata }
  })

/** The outputs of a run that are bytes, as a file. */
const received = (endpoint: Endpoint, content: Content) =>
  Effect.gen(function* () {
    const result = Option.flatMap(Option.fromNullable(content.metadata), Envelope.decodeMetadata)
    if (Option.isNone(result)) {
      return yield* Effect.fail(errorOf(endpoint, "its answer has no metadata of the run; check the URL"))
    }
    const { executionTimeMillis, ...metadata } = result.value
    return { executionTimeMillis, metadata: { ...metadata, parametersUsed: undefined }, file: yield* fileOf(content) }
  })

const decodeSuccess = ParseResult.decodeUnknown(Success)

const success = (endpoint: Endpoint, answer: HttpResponse): Effect.Effect<typeof Success.Type, DeploymentHttpError> =>
  Effect.mapError(decodeSuccess(answer.json), () =>
    errorOf(endpoint, "its answer is not that of a deployment; check the URL", answer.status)
  )

/** A pipeline may give its success another status than 200. 202 is the answer to a caller that does not wait. */
const isOutputs = ({ status }: HttpResponse): boolean => status >= 200 && status < 300 && status !== 202

const mismatch = (endpoint: Endpoint, what: string, status: number | undefined): DeploymentHttpError =>
  errorOf(
    endpoint,
    `it ${what} the given pipeline does not declare; deploy that version of the pipeline, or use the deployed one`,
    status
  )

/** Runs of the pipeline that an endpoint of its application starts. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Pipeline from "../Pipeline.js"
import { StepTimedOut } from "../Step.js"
import type * as Contract from "./Contract.js"
import * as EndpointErrors from "./EndpointErrors.js"
import * as Envelope from "./Envelope.js"

/**
 * Options of a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface InvokeOptions {
  /** Default: the name of the pipeline and the index of the run. */
  readonly runName?: string | undefined
  /** Deadline of the run in milliseconds. */
  readonly timeoutMillis?: number | undefined
  /** Records only statuses and times of the run, not its data; default false. */
  readonly skipArtifacts?: boolean | undefined
}

/**
 * The ends of a run besides its outputs and the typed failures of the pipeline.
 *
 * @category errors
 * @since 0.1.0
 */
export type InvokeError = Exclude<
  typeof EndpointErrors.InvokeError.Type,
  { readonly _tag: "IdempotencyConflict" | "PayloadTooLarge" | "UnsupportedMediaType" }
>

/**
 * Runs the pipeline of the service as `POST /invoke` does. {@link invoke} has its types.
 *
 * @category services
 * @since 0.1.0
 */
export class Invoker extends Context.Tag("effect-deployers/App/Invoker")<
  Invoker,
  {
    /** The answer to a body of `POST /invoke`: its status, and JSON. */
    readonly invoke: (body: unknown) => Effect.Effect<{ readonly status: number; readonly body: string }>
  }
>() {}

/**
 * Runs the pipeline of the service from one of its endpoints. The run is admitted, limited and recorded as one of
 * `POST /invoke`; it has the request id and the key of the request that is being answered, and ends with it.
 *
 * @param pipeline The pipeline, as it was before `Pipeline.withApp`, or its contract.
 *
 * @category running
 * @since 0.1.0
 */
export const invoke = <P extends Contract.Any>(
  pipeline: P,
  parameters: Pipeline.Parameters<P>,
  options: InvokeOptions = {}
): Effect.Effect<Pipeline.Outputs<P>, Pipeline.Failure<P> | InvokeError, Invoker> =>
  Effect.gen(function* () {
    const { body, status } = yield* Effect.flatMap(Invoker, (invoker) => invoker.invoke({ parameters, ...options }))
    const answer = yield* Effect.orDie(parse(body))
    if (status === 200) {
      const { outputs } = yield* Effect.orDie(decodeSuccess(answer))
      return yield* Effect.orDie(ParseResult.decodeUnknown(pipeline.output)(outputs))
    }
    if (Predicate.isRecord(answer) && "error" in answer) {
      const failure = Schema.Union(
        pipeline.error as Schema.Schema<Schema.Schema.Type<P["error"]>, unknown>,
        StepTimedOut
      )
      const error = yield* Effect.orDie(ParseResult.decodeUnknown(failure)(answer["error"]))
      return yield* Effect.fail(error as Pipeline.Failure<P>)
    }
    // The other members of the union answer requests with headers or bodies that a call in the process does not have.
    return yield* Effect.fail((yield* Effect.orDie(decodeError(answer))) as InvokeError)
  })

// internal

const parse = Schema.decode(Schema.parseJson())
const decodeSuccess = ParseResult.decodeUnknown(Envelope.invokeSuccess(Schema.Unknown))
const decodeError = ParseResult.decodeUnknown(EndpointErrors.InvokeError)

/**
 * What deployments answer, as Schemas: the envelope of an invocation, and the wire errors as the tagged errors they
 * were.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { RunMetadata } from "../Contract/Envelope.js"
import {
  type DeploymentHttpError,
  IdempotencyConflict,
  InternalError,
  InvalidRequest,
  NotFound,
  PayloadTooLarge,
  RunInterrupted,
  RunNotFound,
  RunTimedOut,
  ServiceUnavailable,
  TooManyRuns,
  Unauthorized
} from "../Contract/Errors.js"
import { DeploymentInvalidParameters } from "../Errors/Input.js"
import type { Endpoint } from "./Endpoints.js"
import { errorOf, type HttpResponse } from "./Http.js"

/**
 * The answer of a successful invocation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Success = Schema.Struct({
  success: Schema.Literal(true),
  outputs: Schema.Unknown,
  executionTimeMillis: Schema.Number,
  metadata: RunMetadata
})

/**
 * A typed failure of the pipeline as it travels.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Failure = Schema.Struct({
  _tag: Schema.String,
  message: Schema.String,
  error: Schema.Unknown,
  runId: Schema.optional(Schema.String)
})

/**
 * How an invocation fails besides with the pipeline's own failures.
 *
 * @category errors
 * @since 0.1.0
 */
export type InvokeError =
  | DeploymentInvalidParameters
  | Unauthorized
  | PayloadTooLarge
  | IdempotencyConflict
  | TooManyRuns
  | ServiceUnavailable
  | RunTimedOut
  | RunInterrupted
  | InternalError
  | DeploymentHttpError

/**
 * How an invocation fails before its run has started, for who does not wait for its end.
 *
 * @category errors
 * @since 0.1.0
 */
export type StartError = Exclude<InvokeError, RunTimedOut | RunInterrupted>

/**
 * How asking a deployment about itself and its runs fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type QueryError = Unauthorized | ServiceUnavailable | InternalError | DeploymentHttpError

/**
 * The typed failure in an answer, undecoded; none if it is another answer.
 *
 * @category decoding
 * @since 0.1.0
 */
export const failureOf = ({ json, status }: HttpResponse): typeof Failure.Type | undefined =>
  status >= 400 && Predicate.isRecord(json) && "error" in json ? Option.getOrUndefined(decodeFailure(json)) : undefined

/**
 * The error an answer to an invocation stands for.
 *
 * @category decoding
 * @since 0.1.0
 */
export const invokeError = (endpoint: Endpoint, answer: HttpResponse): InvokeError => {
  const error = Option.getOrUndefined(decodeInvokeError(answer.json))
  return error?._tag === "InvalidRequest" ? invalidParameters(endpoint, error) : (error ?? strange(endpoint, answer))
}

/**
 * The error an answer stands for that refuses a run before it has started.
 *
 * @category decoding
 * @since 0.1.0
 */
export const startError = (endpoint: Endpoint, answer: HttpResponse): StartError => {
  const error = invokeError(endpoint, answer)
  return error._tag === "RunTimedOut" || error._tag === "RunInterrupted" ? strange(endpoint, answer) : error
}

/**
 * The error an answer to a question stands for.
 *
 * @category decoding
 * @since 0.1.0
 */
export const queryError = (endpoint: Endpoint, answer: HttpResponse): QueryError =>
  Option.getOrElse(decodeQueryError(answer.json), () =>
    Option.match(decodeInvalid(answer.json), {
      onNone: () => strange(endpoint, answer),
      onSome: ({ message }) =>
        errorOf(endpoint, `it refused the question: ${message.replace(/\.$/, "")}`, answer.status)
    })
  )

/**
 * The `RunNotFound` in an answer, if it is one.
 *
 * @category decoding
 * @since 0.1.0
 */
export const runNotFound: (json: unknown) => Option.Option<RunNotFound> = Schema.decodeUnknownOption(RunNotFound)

// internal

const decodeFailure = Schema.decodeUnknownOption(Failure)

const decodeInvokeError = Schema.decodeUnknownOption(
  Schema.Union(
    InvalidRequest,
    Unauthorized,
    PayloadTooLarge,
    IdempotencyConflict,
    TooManyRuns,
    ServiceUnavailable,
    RunTimedOut,
    RunInterrupted,
    InternalError
  )
)

const decodeQueryError = Schema.decodeUnknownOption(Schema.Union(Unauthorized, ServiceUnavailable, InternalError))

const decodeNotFound = Schema.decodeUnknownOption(NotFound)

const decodeInvalid = Schema.decodeUnknownOption(InvalidRequest)

/** Paths on the wire begin with the envelope's field; callers only know their parameters. */
const invalidParameters = (endpoint: Endpoint, { issues, message }: InvalidRequest): DeploymentInvalidParameters =>
  new DeploymentInvalidParameters({
    deployment: endpoint.name,
    issues:
      issues.length === 0
        ? [{ path: "", reason: message }]
        : issues.map(({ path, reason }) => ({ path: path.replace(/^parameters(\.|$)/, ""), reason }))
  })

const strange = (endpoint: Endpoint, { json, status }: HttpResponse): DeploymentHttpError =>
  errorOf(
    endpoint,
    Option.isSome(decodeNotFound(json))
      ? "it does not know that path; check its serving settings"
      : status < 300
        ? "what it answered is not what a deployment answers"
        : "something else than a deployment seems to answer there",
    status
  )

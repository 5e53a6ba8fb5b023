/** Answers of a deployment as values: outputs, typed failures, and refusals as the errors of the contract. */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as EndpointErrors from "../Contract/EndpointErrors.js"
import * as Envelope from "../Contract/Envelope.js"
import {
  type DeploymentHttpError,
  type Forbidden,
  InternalError,
  type InvalidRequest,
  NotFound,
  type RunContinues,
  type RunDiverged,
  type RunInterrupted,
  type RunLimitExceeded,
  RunNotFound,
  type RunNotRecovered,
  type RunTimedOut,
  type ServiceNotProven,
  type ServiceUnavailable,
  type TooManyFailedKeys,
  type Unauthorized,
  type UnsupportedMediaType
} from "../Contract/Errors.js"
import { DeploymentInvalidParameters } from "../Errors/Input.js"
import type { Endpoint } from "./Endpoints.js"
import { errorOf, type HttpResponse } from "./Http.js"

/** The answer of a successful invocation, its outputs undecoded. */
export const Success = Envelope.invokeSuccess(Schema.Unknown)

/** A typed failure of the pipeline, undecoded, from an answer or from a run record. */
export const Failure = Envelope.recordedFailure(Schema.Unknown)

/**
 * Refusals of a key.
 *
 * @category errors
 * @since 0.1.0
 */
export type KeyError = Unauthorized | Forbidden | TooManyFailedKeys

/**
 * Failures of an invocation besides the typed failures of the pipeline.
 *
 * @category errors
 * @since 0.1.0
 */
export type InvokeError =
  | Exclude<typeof EndpointErrors.InvokeError.Type, InvalidRequest | UnsupportedMediaType>
  | DeploymentInvalidParameters
  | KeyError
  | ServiceNotProven
  | DeploymentHttpError

/**
 * The ends of a run that the runtime makes.
 *
 * @category errors
 * @since 0.1.0
 */
export type RunEnd = RunTimedOut | RunInterrupted | RunLimitExceeded | RunDiverged | RunNotRecovered | RunContinues

/**
 * Failures of an invocation before its run has started.
 *
 * @category errors
 * @since 0.1.0
 */
export type StartError = Exclude<InvokeError, RunEnd>

/**
 * Failures of a question about a deployment or its runs.
 *
 * @category errors
 * @since 0.1.0
 */
export type QueryError = KeyError | ServiceNotProven | ServiceUnavailable | InternalError | DeploymentHttpError

/** The typed failure in an answer, undecoded; `undefined` for any other answer. */
export const failureOf = ({ json, status }: HttpResponse): typeof AnsweredFailure.Type | undefined =>
  status >= 400 && Predicate.isRecord(json) && "error" in json ? Option.getOrUndefined(decodeFailure(json)) : undefined

/** The error in the answer to an invocation. */
export const invokeError = (endpoint: Endpoint, answer: HttpResponse): InvokeError => {
  const error = Option.getOrUndefined(decodeInvokeError(answer.json))
  // The client sends JSON only, so a refusal of the media type does not come from the deployment.
  if (error === undefined || error._tag === "UnsupportedMediaType") return unexpected(endpoint, answer)
  return error._tag === "InvalidRequest" ? invalidParameters(endpoint, error) : error
}

/** The error in an answer that refuses a run before its start. */
export const startError = (endpoint: Endpoint, answer: HttpResponse): StartError => {
  const error = invokeError(endpoint, answer)
  return isRunEnd(error) ? unexpected(endpoint, answer) : error
}

/** The error in the answer to a question. */
export const queryError = (endpoint: Endpoint, answer: HttpResponse): QueryError => {
  const error = Option.getOrUndefined(decodeQueryError(answer.json))
  if (error === undefined) return unexpected(endpoint, answer)
  return error._tag === "InvalidRequest"
    ? errorOf(endpoint, `it refused the request: ${error.message.replace(/\.$/, "")}`, answer.status)
    : error
}

/** The `RunNotFound` in an answer. */
export const runNotFound: (json: unknown) => Option.Option<RunNotFound> = Schema.decodeUnknownOption(RunNotFound)

// internal

const AnsweredFailure = Schema.Struct({ ...Failure.fields, runId: Schema.optional(Schema.String) })

const decodeFailure = Schema.decodeUnknownOption(AnsweredFailure)

const runEnds: ReadonlySet<string> = new Set<RunEnd["_tag"]>([
  "RunTimedOut",
  "RunInterrupted",
  "RunLimitExceeded",
  "RunDiverged",
  "RunNotRecovered",
  "RunContinues"
])

const isRunEnd = (error: InvokeError): error is RunEnd => runEnds.has(error._tag)

const decodeInvokeError = Schema.decodeUnknownOption(
  Schema.Union(...EndpointErrors.InvokeError.members, ...EndpointErrors.AnyError.members)
)

const decodeQueryError = Schema.decodeUnknownOption(
  Schema.Union(...EndpointErrors.RunsError.members, ...EndpointErrors.AnyError.members, InternalError)
)

const decodeNotFound = Schema.decodeUnknownOption(NotFound)

/** Paths on the wire start with the envelope's field; callers know their parameters only. */
const invalidParameters = (endpoint: Endpoint, { issues, message }: InvalidRequest): DeploymentInvalidParameters =>
  new DeploymentInvalidParameters({
    deployment: endpoint.name,
    issues:
      issues.length === 0
        ? [{ path: "", reason: message }]
        : issues.map(({ path, reason }) => ({ path: path.replace(/^parameters(\.|$)/, ""), reason }))
  })

const unexpected = (endpoint: Endpoint, { json, status }: HttpResponse): DeploymentHttpError =>
  errorOf(
    endpoint,
    Option.isSome(decodeNotFound(json))
      ? "it does not have that path; give the client the serving settings of the deployment"
      : status < 300
        ? "its answer is not that of a deployment; check the URL"
        : "its answer is not that of a deployment; check the URL",
    status
  )

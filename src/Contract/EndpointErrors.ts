/** The refusals of each endpoint, as unions. The API value, the OpenAPI document and the client derive from them. */
import * as Schema from "effect/Schema"
import {
  IdempotencyConflict,
  InternalError,
  InvalidRequest,
  PayloadTooLarge,
  RunInterrupted,
  RunNotFound,
  RunTimedOut,
  ServiceUnavailable,
  TooManyRuns,
  Unauthorized,
  UnsupportedMediaType
} from "./Errors.js"

/** Any endpoint that requires the key. */
export const AnyError = Unauthorized

/** `POST /invoke`, besides the typed failures of the pipeline. */
export const InvokeError = Schema.Union(
  InvalidRequest,
  IdempotencyConflict,
  PayloadTooLarge,
  UnsupportedMediaType,
  TooManyRuns,
  ServiceUnavailable,
  RunInterrupted,
  RunTimedOut,
  InternalError
)

/** `GET /runs`. */
export const RunsError = Schema.Union(InvalidRequest, ServiceUnavailable)

/** `GET /runs/{id}` and `POST /runs/{id}/cancel`. */
export const RunError = Schema.Union(RunNotFound, ServiceUnavailable)

/** `GET /runs/{id}/events`. */
export const EventsError = Schema.Union(InvalidRequest, RunNotFound, ServiceUnavailable)

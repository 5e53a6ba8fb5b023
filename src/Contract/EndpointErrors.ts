/** The refusals of each endpoint, as unions. The API value, the OpenAPI document and the client derive from them. */
import * as Schema from "effect/Schema"
import {
  ArtifactNotFound,
  Forbidden,
  IdempotencyConflict,
  InternalError,
  InvalidRequest,
  OriginRefused,
  PayloadTooLarge,
  RunContinues,
  RunDiverged,
  RunHasEnded,
  RunInterrupted,
  RunLimitExceeded,
  RunNotFound,
  RunNotRecovered,
  RunNotRetryable,
  RunTimedOut,
  ScheduleNotFound,
  ServiceInMaintenance,
  ServiceUnavailable,
  SessionNotFound,
  TooManyFailedKeys,
  TooManyRuns,
  TriggerNotFound,
  Unauthorized,
  UnsupportedMediaType,
  UpgradeRequired,
  WebhookDeliveryNotFound
} from "./Errors.js"

/** Any endpoint that requires the key. */
export const AnyError = Schema.Union(Unauthorized, Forbidden, TooManyFailedKeys)

/** `POST /invoke`, besides the typed failures of the pipeline. */
export const InvokeError = Schema.Union(
  InvalidRequest,
  IdempotencyConflict,
  PayloadTooLarge,
  UnsupportedMediaType,
  TooManyRuns,
  ServiceUnavailable,
  ServiceInMaintenance,
  RunInterrupted,
  RunTimedOut,
  RunLimitExceeded,
  RunDiverged,
  RunNotRecovered,
  RunContinues,
  InternalError
)

/** `GET /runs`. */
export const RunsError = Schema.Union(InvalidRequest, ServiceUnavailable)

/** `GET /runs/{id}` and `POST /runs/{id}/cancel`. */
export const RunError = Schema.Union(RunNotFound, ServiceUnavailable)

/** `GET /runs/{id}/events`. */
export const EventsError = Schema.Union(InvalidRequest, RunNotFound, ServiceUnavailable)

/** `GET /runs/{id}/socket`. */
export const SocketError = Schema.Union(InvalidRequest, OriginRefused, RunNotFound, UpgradeRequired, ServiceUnavailable)

/** `GET /runs/{id}/logs`. */
export const LogsError = Schema.Union(InvalidRequest, RunNotFound, ServiceUnavailable)

/** `GET /runs/{id}/artifacts/{step}` and `GET /runs/{id}/output`. */
export const ArtifactError = Schema.Union(RunNotFound, ArtifactNotFound, ServiceUnavailable)

/** `GET /sessions`. */
export const SessionsError = Schema.Union(InvalidRequest, ServiceUnavailable)

/** `GET` and `DELETE /sessions/{id}`. */
export const SessionError = Schema.Union(SessionNotFound, ServiceUnavailable)

/** `POST /schedules/{name}/pause`, `/resume` and `/fire`. */
export const ScheduleError = Schema.Union(ScheduleNotFound, ServiceUnavailable)

/** `POST /triggers/{name}/pause` and `/resume`. */
export const TriggerError = Schema.Union(TriggerNotFound, ServiceUnavailable)

/** `GET /webhooks`. */
export const WebhooksError = Schema.Union(InvalidRequest, ServiceUnavailable)

/** `POST /webhooks/{id}/retry`. */
export const WebhookError = Schema.Union(WebhookDeliveryNotFound, ServiceUnavailable)

/** `POST /runs/{id}/signals/{name}`. */
export const SignalError = Schema.Union(
  InvalidRequest,
  RunNotFound,
  RunHasEnded,
  PayloadTooLarge,
  UnsupportedMediaType,
  ServiceUnavailable
)

/** `POST /runs/{id}/retry`. */
export const RetryError = Schema.Union(
  InvalidRequest,
  RunNotFound,
  RunNotRetryable,
  PayloadTooLarge,
  UnsupportedMediaType,
  TooManyRuns,
  ServiceUnavailable,
  ServiceInMaintenance
)

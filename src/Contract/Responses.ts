/** The answers of a served deployment besides runs and errors, and the parameters of its questions. */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import { cursorProblem, pageLimit, refuse, wholeNumber } from "./Query.js"
import { RunId, RunStatus, RunSummary } from "./RunRecord.js"
import { SessionId, sessionIdProblem } from "./Sessions.js"

/**
 * Health of a service. `live`: the process answers (on `/health`: its warm state is not complete, or its event loop is
 * blocked); `ready`: the service accepts runs; `maintenance`: the service is well and refuses runs by request; `draining`: the
 * service is stopping; `failed`: a check fails.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Health = Schema.Struct({
  status: Schema.Literal("live", "ready", "maintenance", "draining", "failed"),
  /** Milliseconds since which a step has computed without a pause, so that the service answers nothing but health. */
  blockedMillis: Schema.optional(Schema.Int),
  checks: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      status: Schema.Literal("pass", "fail"),
      reason: Schema.optional(Schema.String)
    })
  )
})

export type Health = typeof Health.Type

/**
 * Health of a service that accepts no runs.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Unhealthy = Health.annotations(
  HttpApiSchema.annotations<Health>({ status: 503, description: "The service takes no runs." })
)

/**
 * Deployment, snapshot and pipeline of a service, its paths and counts.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Info = Schema.Struct({
  deployment: Schema.Struct({ id: Schema.String, name: Schema.String }),
  generation: Schema.Int,
  snapshot: Schema.Struct({
    id: Schema.String,
    name: Schema.String,
    version: Schema.Int,
    digest: Schema.String
  }),
  pipeline: Schema.Struct({
    name: Schema.String,
    description: Schema.optional(Schema.String),
    /** JSON Schema of the parameters. */
    input: Schema.Unknown,
    /** JSON Schema of the outputs. */
    output: Schema.Unknown,
    /** JSON Schema of the typed failures, when there are any. */
    error: Schema.optional(Schema.Unknown)
  }),
  /** Paths of the enabled endpoints, by endpoint. */
  paths: Schema.Record({ key: Schema.String, value: Schema.String }),
  authEnabled: Schema.Boolean,
  /** Runs by status over the life of the deployment; absent if the store does not answer. */
  counts: Schema.optional(Schema.Record({ key: RunStatus, value: Schema.Number })),
  startedAt: Schema.DateTimeUtc,
  uptimeMillis: Schema.Number
})

const statuses = RunStatus.literals.join(", ")

/**
 * The headers of `GET /runs/{id}/events`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EventsHeaders = Schema.Struct({
  /** Id of the last event the caller received; the stream starts after it. */
  "last-event-id": Schema.optional(
    wholeNumber(Schema.nonNegative()).annotations({
      ...refuse("must be the id of an event, a whole number"),
      jsonSchema: { type: "integer", minimum: 0 }
    })
  )
})

/**
 * The answer of `GET /runs/{id}/events` when the run has ended and the caller has all of its events. An `EventSource` does
 * not connect again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NoMoreEvents = HttpApiSchema.Empty(204).annotations({
  description: "The run has ended, and no event follows that position."
})

/**
 * The answer of `GET /runs/{id}/socket`: the connection is a WebSocket from then on.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Switched = HttpApiSchema.Empty(101).annotations({ description: "The connection is a WebSocket now." })

/**
 * One page of `GET /runs`, newest run first. The data of a run is in `GET /runs/{id}` only, so a page stays small.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunPage = Schema.Struct({
  runs: Schema.Array(RunSummary),
  /** The `cursor` of the next page; absent on the last page. */
  nextCursor: Schema.optional(Schema.String)
})

export type RunPage = typeof RunPage.Type

/**
 * The answer to an invocation with `Prefer: respond-async`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Accepted = Schema.Struct({ runId: Schema.String })

/**
 * The body of `POST /runs/{id}/retry`: `start` runs every step again, `failed` takes the recorded results of the steps before
 * the first one that failed.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetryRequest = Schema.Struct({
  from: Schema.Literal("failed", "start").annotations(refuse('must be "failed" or "start"'))
})

/**
 * The query of `GET /runs`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunsQuery = Schema.Struct({
  status: Schema.optional(RunStatus.annotations(refuse(`must be one of ${statuses}`))),
  /** Only the runs of this session. */
  session: Schema.optional(SessionId.annotations(refuse(sessionIdProblem))),
  limit: pageLimit(20, 100),
  cursor: Schema.optional(RunId.annotations(refuse(cursorProblem)))
})

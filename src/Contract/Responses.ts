/** The answers of a served deployment besides runs and errors, and the parameters of its questions. */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import { Run, RunStatus } from "./RunRecord.js"

/**
 * Health of a service. `live`: the process answers (on `/health`: its warm state is not complete); `ready`: the service
 * accepts runs; `draining`: the service is stopping; `failed`: a check fails.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Health = Schema.Struct({
  status: Schema.Literal("live", "ready", "draining", "failed"),
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
const refuse = (text: string) => ({ message: () => ({ message: text, override: true }) })

/**
 * The headers of `GET /runs/{id}/events`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EventsHeaders = Schema.Struct({
  /** Id of the last event the caller received; the stream starts after it. */
  "last-event-id": Schema.optional(
    Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()).annotations(
      refuse("must be the id of an event, a whole number")
    )
  )
})

/**
 * One page of `GET /runs`, newest run first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunPage = Schema.Struct({
  runs: Schema.Array(Run),
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
 * The query of `GET /runs`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunsQuery = Schema.Struct({
  status: Schema.optional(RunStatus.annotations(refuse(`must be one of ${statuses}`))),
  limit: Schema.optionalWith(
    Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 100)).annotations(
      refuse("must be a whole number from 1 to 100")
    ),
    { default: () => 20 }
  ),
  cursor: Schema.optional(Schema.String.pipe(Schema.maxLength(500)).annotations(refuse("is too long to be a cursor")))
})

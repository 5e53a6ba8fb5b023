/** Schedules as the service answers them. */
import * as Schema from "effect/Schema"

/**
 * A firing of a schedule. `claimed`: a process is about to start its run; `started`: its run is on record; `skipped`: the run
 * of the firing before was in progress.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Firing = Schema.Struct({
  /** The time at which it was due. */
  dueAt: Schema.DateTimeUtc,
  state: Schema.Literal("claimed", "started", "skipped"),
  /** The run that it started. */
  runId: Schema.optional(Schema.String)
})

export type Firing = typeof Firing.Type

/**
 * A schedule of the pipeline.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScheduleStatus = Schema.Struct({
  name: Schema.String,
  /** The cron expression with its time zone. */
  cron: Schema.String,
  input: Schema.Unknown,
  missed: Schema.Union(Schema.Literal("skip", "last"), Schema.Struct({ all: Schema.Int })),
  overlap: Schema.Boolean,
  isPaused: Schema.Boolean,
  /** The next time at which it is due, unless it is paused. */
  nextAt: Schema.optional(Schema.DateTimeUtc),
  /** The last firings, newest first. */
  firings: Schema.Array(Firing)
})

export type ScheduleStatus = typeof ScheduleStatus.Type

/**
 * The answer of `GET /schedules`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScheduleList = Schema.Struct({ schedules: Schema.Array(ScheduleStatus) })

export type ScheduleList = typeof ScheduleList.Type

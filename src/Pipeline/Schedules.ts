/** Schedules of a pipeline: runs that its service starts by itself. */
import * as Cron from "effect/Cron"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import type { Pipeline } from "../Pipeline.js"
import { fromParts, parts } from "./Parts.js"

/**
 * The firings that were due while no process served: none of them runs (`skip`), only the last one (`last`), or the last
 * ones up to a number, in their order.
 *
 * @category models
 * @since 0.1.0
 */
export type Missed = "skip" | "last" | { readonly all: number }

/**
 * A schedule of a pipeline.
 *
 * @category models
 * @since 0.1.0
 */
export interface Schedule {
  readonly name: string
  /** The cron expression with its time zone. */
  readonly cron: string
  /** The first time after another one, in milliseconds since the epoch. */
  readonly next: (after: number) => number
  /** The encoded parameters of each run. */
  readonly input: unknown
  readonly missed: Missed
  /** True if a run may start while the one before is in progress. */
  readonly overlap: boolean
}

/**
 * The options of a schedule.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleOptions<I extends Schema.Schema.AnyNoContext> {
  /** Five fields (minute, hour, day, month, weekday), six with seconds in front, or a `Cron` of Effect. */
  readonly cron: string | Cron.Cron
  /** The time zone of a cron expression, such as `Europe/Berlin`; default UTC. */
  readonly timeZone?: string | undefined
  /** The parameters of each run, as a caller writes them. */
  readonly input: Schema.Schema.Encoded<I>
  /** Default `last`. */
  readonly missed?: Missed | undefined
  /** Default false: a firing is skipped while the run of the one before is in progress. */
  readonly overlap?: boolean | undefined
}

/** Makes a schedule. Throws for an expression or a time zone that is not valid, so that such a pipeline cannot be loaded. */
export const make = (name: string, options: ScheduleOptions<Schema.Schema.AnyNoContext>): Schedule => {
  const { cron, input, missed = "last", overlap = false, timeZone = "UTC" } = options
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    throw new Error(`The schedule ${JSON.stringify(name)} needs a name of 1 to 100 letters, digits and . _ -`)
  }
  if (typeof missed === "object" && !(Number.isInteger(missed.all) && missed.all >= 1 && missed.all <= 1_000)) {
    throw new Error(`The schedule "${name}" has missed: { all: ${missed.all} }; give a whole number from 1 to 1,000.`)
  }
  const parsed = typeof cron === "string" ? parse(name, cron, timeZone) : cron
  return {
    name,
    cron: typeof cron === "string" ? `${cron.trim()} ${timeZone}` : textOf(cron),
    next: (after) => Cron.next(parsed, new Date(after)).getTime(),
    input,
    missed,
    overlap
  }
}

/**
 * Adds a schedule to a pipeline: its service starts a run at each of its times. All workers and versions of a deployment
 * share one firing.
 *
 * **Details**
 *
 * A run of a schedule is recorded like any other, with the name of the schedule and the time in its name. A firing is skipped
 * while the run of the one before is in progress, unless `overlap` is true. `missed` says what happens to the firings
 * that were due while no process served, by more than a minute: `last` (default) starts one run for the last one, `skip` none,
 * `{ all: n }` one for each of the last n. A cron expression that is not valid is an error when the module is loaded.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 *
 * export const report = Pipeline.make("report", {
 *   input: Schema.Struct({ days: Schema.Int }),
 *   output: Schema.String,
 *   run: ({ days }) => Effect.succeed(`the last ${days} days`)
 * }).pipe(Pipeline.schedule("nightly", { cron: "0 3 * * *", timeZone: "Europe/Berlin", input: { days: 1 } }))
 * ```
 *
 * @category combining
 * @since 0.1.0
 */
export const schedule =
  <I extends Schema.Schema.AnyNoContext>(name: string, options: ScheduleOptions<NoInfer<I>>) =>
  <O extends Schema.Schema.AnyNoContext, E extends Schema.Schema.All, R>(
    self: Pipeline<I, O, E, R>
  ): Pipeline<I, O, E, R> =>
    fromParts({
      ...parts(self),
      schedules: [...self.schedules.filter((other) => other.name !== name), make(name, options)]
    })

// internal

const parse = (name: string, text: string, timeZone: string): Cron.Cron =>
  Either.getOrThrowWith(
    Cron.parse(text, timeZone),
    ({ message }) => new Error(`The schedule "${name}" has the cron expression ${JSON.stringify(text)}: ${message}.`)
  )

const textOf = (cron: Cron.Cron): string => {
  const { days, hours, minutes, months, seconds, weekdays } = cron
  const fields = [seconds, minutes, hours, days, months, weekdays].map((field) =>
    field.size === 0 ? "*" : [...field].join(",")
  )
  const zone =
    cron.tz._tag === "None" ? "" : cron.tz.value._tag === "Named" ? ` ${cron.tz.value.id}` : ` ${cron.tz.value.offset}`
  return `${fields.join(" ")}${zone}`
}

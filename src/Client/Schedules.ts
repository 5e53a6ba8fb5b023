/** The schedules of a deployment. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ScheduleNotFound } from "../Contract/Errors.js"
import { Accepted } from "../Contract/Responses.js"
import * as Routes from "../Contract/Routes.js"
import { ScheduleList, ScheduleStatus } from "../Contract/Schedules.js"
import type { Ref } from "./Endpoints.js"
import { errorOf } from "./Http.js"
import { decoded, get } from "./Queries.js"
import { type Called, call, type FindError, type Requirements } from "./Retry.js"
import { type QueryError, queryError } from "./Wire.js"

/**
 * The schedules of a deployment's pipeline with their last firings.
 *
 * @category schedules
 * @since 0.1.0
 */
export const schedules = <const R extends Ref>(
  ref: R
): Effect.Effect<ScheduleList, QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.paths(serving).schedules),
    (called) => decoded(called, decodeList)
  )

/**
 * Starts no runs by a schedule until it is resumed. Needs a key with the scope `admin`.
 *
 * @category schedules
 * @since 0.1.0
 */
export const pauseSchedule = <const R extends Ref>(
  ref: R,
  name: string
): Effect.Effect<ScheduleStatus, ScheduleNotFound | QueryError | FindError<R>, Requirements<R>> =>
  changed(ref, name, "pauseSchedule")

/**
 * Starts runs by a schedule again, from its next time on. Needs a key with the scope `admin`.
 *
 * @category schedules
 * @since 0.1.0
 */
export const resumeSchedule = <const R extends Ref>(
  ref: R,
  name: string
): Effect.Effect<ScheduleStatus, ScheduleNotFound | QueryError | FindError<R>, Requirements<R>> =>
  changed(ref, name, "resumeSchedule")

/**
 * Starts a run of a schedule now, also of a paused one, and returns the id of the run. Needs a key with the scope `admin`.
 *
 * @category schedules
 * @since 0.1.0
 */
export const fireSchedule = <const R extends Ref>(
  ref: R,
  name: string
): Effect.Effect<string, ScheduleNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(post(ref, name, "fireSchedule", false), (called) =>
    answered(called, 202, (json) => Option.map(decodeAccepted(json), ({ runId }) => runId))
  )

// internal

type Change = Parameters<typeof Routes.schedulePath>[2]

const decodeList = Schema.decodeUnknownOption(ScheduleList)
const decodeStatus = Schema.decodeUnknownOption(ScheduleStatus)
const decodeAccepted = Schema.decodeUnknownOption(Accepted)
const decodeMissing = Schema.decodeUnknownOption(ScheduleNotFound)

const post = <const R extends Ref>(ref: R, name: string, change: Change, isRepeatable: boolean) =>
  call(ref, ({ serving }) =>
    Effect.succeed({
      method: "POST",
      path: Routes.schedulePath(serving, name, change),
      isRepeatable,
      timeout: "30 seconds"
    })
  )

const changed = <const R extends Ref>(ref: R, name: string, change: Change) =>
  Effect.flatMap(post(ref, name, change, true), (called) => answered(called, 200, decodeStatus))

const answered = <A>(
  { answer, endpoint }: Called,
  status: number,
  decode: (json: unknown) => Option.Option<A>
): Effect.Effect<A, ScheduleNotFound | QueryError> => {
  if (answer.status === status) {
    return Option.match(decode(answer.json), {
      onNone: () =>
        Effect.fail(errorOf(endpoint, "its answer is not that of a deployment; check the URL", answer.status)),
      onSome: Effect.succeed
    })
  }
  return Option.match(decodeMissing(answer.json), {
    onNone: () => Effect.fail(queryError(endpoint, answer)),
    onSome: Effect.fail
  })
}

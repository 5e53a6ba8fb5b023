/** The triggers of a deployment. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TriggerNotFound } from "../Contract/Errors.js"
import * as Routes from "../Contract/Routes.js"
import { TriggerList, TriggerStatus } from "../Contract/Triggers.js"
import type { Ref } from "./Endpoints.js"
import { errorOf } from "./Http.js"
import { decoded, get } from "./Queries.js"
import { call, type FindError, type Requirements } from "./Retry.js"
import { type QueryError, queryError } from "./Wire.js"

/**
 * The triggers of a deployment's pipeline.
 *
 * @category triggers
 * @since 0.2.0
 */
export const triggers = <const R extends Ref>(
  ref: R
): Effect.Effect<TriggerList, QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.paths(serving).triggers),
    (called) => decoded(called, decodeList)
  )

/**
 * Pulls no messages by a trigger until it is resumed. Runs in progress end, and report to their queue. Needs a key with the
 * scope `admin`.
 *
 * @category triggers
 * @since 0.2.0
 */
export const pauseTrigger = <const R extends Ref>(
  ref: R,
  name: string
): Effect.Effect<TriggerStatus, TriggerNotFound | QueryError | FindError<R>, Requirements<R>> =>
  changed(ref, name, "pauseTrigger")

/**
 * Pulls messages by a trigger again. Needs a key with the scope `admin`.
 *
 * @category triggers
 * @since 0.2.0
 */
export const resumeTrigger = <const R extends Ref>(
  ref: R,
  name: string
): Effect.Effect<TriggerStatus, TriggerNotFound | QueryError | FindError<R>, Requirements<R>> =>
  changed(ref, name, "resumeTrigger")

// internal

const decodeList = Schema.decodeUnknownOption(TriggerList)
const decodeStatus = Schema.decodeUnknownOption(TriggerStatus)
const decodeMissing = Schema.decodeUnknownOption(TriggerNotFound)

const changed = <const R extends Ref>(ref: R, name: string, change: Parameters<typeof Routes.triggerPath>[2]) =>
  Effect.flatMap(
    call(ref, ({ serving }) =>
      Effect.succeed({
        method: "POST",
        path: Routes.triggerPath(serving, name, change),
        isRepeatable: true,
        timeout: "30 seconds"
      })
    ),
    ({ answer, endpoint }): Effect.Effect<TriggerStatus, TriggerNotFound | QueryError> => {
      if (answer.status === 200) {
        return Option.match(decodeStatus(answer.json), {
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
  )

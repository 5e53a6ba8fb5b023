/** Signals to runs, and retries of runs. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { InvalidRequest, RunHasEnded, RunNotFound, RunNotRetryable } from "../Contract/Errors.js"
import { Accepted } from "../Contract/Responses.js"
import * as Routes from "../Contract/Routes.js"
import type { Ref } from "./Endpoints.js"
import { type Called, call, type FindError, type Requirements } from "./Retry.js"
import { type QueryError, queryError, type StartError, startError } from "./Wire.js"

/**
 * Sends a signal to a run, which waits for it with `Run.waitFor` or will. A signal that arrives before its wait is kept.
 *
 * **Details**
 *
 * Fails with `RunHasEnded` for a run that has ended, and with `InvalidRequest` if the run waits and its Schema does not accept
 * the data. The signal may have been stored when the connection breaks: it is not sent again.
 *
 * @param data The body of the signal, encoded as JSON.
 *
 * @example
 * ```ts
 * import { Client } from "effect-deployers"
 *
 * const approve = (runId: string) => Client.signal("orders", runId, "approval", { by: "Ada", isApproved: true })
 * ```
 *
 * @category runs
 * @since 0.2.0
 */
export const signal = <const R extends Ref>(
  ref: R,
  id: string,
  name: string,
  data: unknown = null
): Effect.Effect<void, RunNotFound | RunHasEnded | InvalidRequest | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    call(ref, ({ serving }) =>
      Effect.succeed({
        method: "POST",
        path: Routes.signalPath(serving, id, name),
        body: data,
        timeout: "30 seconds"
      })
    ),
    ({ answer, endpoint }) => {
      if (answer.status === 202) return Effect.void
      const refusal = Option.getOrUndefined(decodeSignalError(answer.json))
      return Effect.fail(refusal ?? queryError(endpoint, answer))
    }
  )

/**
 * Starts a new run with the parameters of a run that has ended, and returns the id of the new run.
 *
 * **Details**
 *
 * With `from: "failed"` the new run takes the recorded results of the steps before the first one that failed; the service
 * needs `recovery: "resume"`. Fails with `RunNotRetryable` for a run in progress, and for a run whose record lacks what the
 * retry needs.
 *
 * @category runs
 * @since 0.2.0
 */
export const retry = <const R extends Ref>(
  ref: R,
  id: string,
  options: { readonly from?: "failed" | "start" | undefined } = {}
): Effect.Effect<string, RunNotFound | RunNotRetryable | StartError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    call(ref, ({ serving }) =>
      Effect.succeed({
        method: "POST",
        path: Routes.runPath(serving, id, "retry"),
        body: { from: options.from ?? "start" },
        timeout: "30 seconds"
      })
    ),
    retried
  )

// internal

const decodeSignalError = Schema.decodeUnknownOption(Schema.Union(RunNotFound, RunHasEnded, InvalidRequest))

const decodeRetryError = Schema.decodeUnknownOption(Schema.Union(RunNotFound, RunNotRetryable))

const retried = ({ answer, endpoint }: Called): Effect.Effect<string, RunNotFound | RunNotRetryable | StartError> => {
  const accepted = decodeAccepted(answer.json)
  if (answer.status === 202 && Option.isSome(accepted)) return Effect.succeed(accepted.value.runId)
  const refusal = Option.getOrUndefined(decodeRetryError(answer.json))
  return Effect.fail(refusal ?? startError(endpoint, answer))
}

const decodeAccepted = Schema.decodeUnknownOption(Accepted)

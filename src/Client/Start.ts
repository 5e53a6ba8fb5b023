/** Runs that continue without their caller. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DeploymentHttpError, RunNotFound } from "../Contract/Errors.js"
import { Accepted } from "../Contract/Responses.js"
import type { Run } from "../Contract/RunRecord.js"
import type { Endpoint, Ref } from "./Endpoints.js"
import { events } from "./Follow.js"
import { type Ask, errorOf } from "./Http.js"
import { asking, coerced, type InvokeOptions, viewing } from "./InvokeRequest.js"
import { run } from "./Queries.js"
import { type Called, call, type FindError, type Requirements } from "./Retry.js"
import { failureOf, type QueryError, type StartError, Success, startError } from "./Wire.js"

/**
 * Starts a run of a deployed pipeline without its types, and returns the id as soon as the run is on record. The run
 * continues without its caller; {@link events}, {@link run}, {@link awaitRun} and {@link cancel} take the id.
 *
 * **Details**
 *
 * Fails for a deployment that records no runs, because no caller could find the run later. For a deployment by URL
 * without its settings, the client learns that only after the run.
 *
 * @category runs
 * @since 0.1.0
 */
export const start = <const R extends Ref>(
  ref: R,
  parameters: Readonly<Record<string, unknown>>,
  options: InvokeOptions = {}
): Effect.Effect<string, StartError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    call(ref, (endpoint) => Effect.flatMap(coerced(endpoint, parameters), (it) => startAsk(endpoint, it, options))),
    accepted
  )

/**
 * Waits until a run has ended, and returns its record. The client of {@link make} waits for typed outputs.
 *
 * @category runs
 * @since 0.1.0
 */
export const awaitRun = <const R extends Ref>(
  ref: R,
  id: string
): Effect.Effect<Run, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.zipRight(Stream.runDrain(events(ref, id)), run(ref, id))

/** The request of an invocation whose caller does not wait. Fails for a deployment that is known to record no runs. */
export const startAsk = (
  endpoint: Endpoint,
  parameters: unknown,
  options: InvokeOptions
): Effect.Effect<Ask, DeploymentHttpError> =>
  endpoint.serving.recording === "none"
    ? Effect.fail(errorOf(endpoint, "it records no runs, so no caller could find this one later; use invoke instead"))
    : Effect.succeed(viewing(asking(endpoint, parameters, options), { prefer: "respond-async" }))

/** The id of an accepted run. A deployment that records no runs answers with outputs instead. */
export const accepted = ({ answer, endpoint }: Called): Effect.Effect<string, StartError> => {
  const runId = Option.map(decodeAccepted(answer.json), ({ runId }) => runId)
  if (answer.status === 202 && Option.isSome(runId)) return Effect.succeed(runId.value)
  const wasRun = failureOf(answer) !== undefined || Option.isSome(decodeSuccess(answer.json))
  return Effect.fail(wasRun ? unrecorded(endpoint, answer.status) : startError(endpoint, answer))
}

// internal

const decodeAccepted = Schema.decodeUnknownOption(Accepted)
const decodeSuccess = Schema.decodeUnknownOption(Success)

const unrecorded = (endpoint: Endpoint, status: number): DeploymentHttpError =>
  errorOf(
    endpoint,
    "it records no runs, so the run completed and its result is not on record; use invoke instead",
    status
  )

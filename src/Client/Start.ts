/**
 * Runs that go on without their caller: started, and waited for later.
 *
 * @since 0.1.0
 */
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
 * Has a deployed pipeline run, without knowing its types and without waiting for it: gives the run's id as soon as the run
 * is on record. It goes on whatever becomes of its caller; {@link events}, {@link run}, {@link awaitRun} and
 * {@link cancel} take the id.
 *
 * **Details**
 *
 * A deployment that records no runs cannot do that, as nobody could ask for one later. One that is given by URL, without
 * its settings, has run the pipeline when it turns out so.
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
 * Waits until a run has ended, and gives it as it did. Whoever knows the pipeline waits for its outputs with the client
 * that {@link make} gives.
 *
 * @category runs
 * @since 0.1.0
 */
export const awaitRun = <const R extends Ref>(
  ref: R,
  id: string
): Effect.Effect<Run, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.zipRight(Stream.runDrain(events(ref, id)), run(ref, id))

/**
 * The request of an invocation that is not waited for. A deployment that is known to record nothing is not asked.
 *
 * @category requests
 * @since 0.1.0
 */
export const startAsk = (
  endpoint: Endpoint,
  parameters: unknown,
  options: InvokeOptions
): Effect.Effect<Ask, DeploymentHttpError> =>
  endpoint.serving.recording === "none"
    ? Effect.fail(errorOf(endpoint, "it records no runs, so nobody could ask for this one later; invoke it instead"))
    : Effect.succeed(viewing(asking(endpoint, parameters, options), { prefer: "respond-async" }))

/**
 * The id of an accepted run. A deployment that records nothing waits all the same and answers the run's outputs.
 *
 * @category decoding
 * @since 0.1.0
 */
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
  errorOf(endpoint, "it records no runs, so the run was waited for and nobody can ask for it any more", status)

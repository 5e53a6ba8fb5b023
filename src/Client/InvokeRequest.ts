/** The request of an invocation. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Routes from "../Contract/Routes.js"
import { coerce, mayCoerce } from "./Coerce.js"
import type { Endpoint } from "./Endpoints.js"
import * as Form from "./Form.js"
import type { Ask } from "./Http.js"
import { schemasOf } from "./Schemas.js"

/**
 * The options of one invocation.
 *
 * @category models
 * @since 0.1.0
 */
export interface InvokeOptions {
  /** Name of the run; default: the pipeline's name and the run's index. */
  readonly runName?: string | undefined
  /** Deadline of the run, enforced by the deployment; default: its setting `requestTimeoutMillis`. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Records statuses and times of the run without its data; default `false`. */
  readonly skipArtifacts?: boolean | undefined
  /**
   * A key of the caller's choice (1 to 255 visible ASCII characters) that identifies one run for a day: repeated requests
   * with it, also from another process, return the same run. A run with a key continues if its caller is interrupted. The
   * client repeats such a request to a named deployment if the connection breaks. Not compatible with `skipArtifacts`.
   */
  readonly idempotencyKey?: string | undefined
  /** The session that the run belongs to; default: the one that the pipeline reads from the parameters, if it does. */
  readonly session?: string | undefined
}

/** The request of an invocation whose caller waits. */
export const asking = (
  endpoint: Endpoint,
  parameters: unknown,
  { idempotencyKey, runName, session, skipArtifacts, timeout }: InvokeOptions
): Ask => {
  const given = Form.split(parameters)
  const timeoutMillis = timeout === undefined ? undefined : Math.max(1, Math.ceil(Duration.toMillis(timeout)))
  return {
    method: "POST",
    path: Routes.paths(endpoint.serving).invoke,
    timeout: Duration.sum(Duration.millis(timeoutMillis ?? endpoint.serving.requestTimeoutMillis), margin),
    body: { parameters: given.parameters, runName, timeoutMillis, skipArtifacts },
    ...(given.files.length === 0 ? {} : { files: given.files }),
    headers: {
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      ...(session === undefined ? {} : { "session-id": session })
    },
    ...(idempotencyKey === undefined ? {} : { isRepeatable: true })
  }
}

/** The same request for outputs that are bytes. Failures are JSON. */
export const takingBytes = (ask: Ask): Ask => ({ ...viewing(ask, { accept: "*/*" }), takesBytes: true })

/** The same request with further headers, for another response mode. */
export const viewing = (ask: Ask, header: Readonly<Record<string, string>>): Ask => ({
  ...ask,
  headers: { ...ask.headers, ...header }
})

/** The parameters, with JSON text parsed if the input schema of the deployment expects an object or an array. */
export const coerced = (
  endpoint: Endpoint,
  parameters: Readonly<Record<string, unknown>>
): Effect.Effect<Readonly<Record<string, unknown>>, never, HttpClient.HttpClient> =>
  Predicate.isReadonlyRecord(parameters) && mayCoerce(parameters)
    ? schemasOf(endpoint).pipe(
        Effect.map(({ input }) => coerce(input, parameters)),
        Effect.orElseSucceed(() => parameters)
      )
    : Effect.succeed(parameters)

// internal

/** Time that an answer may take beyond the deadline of its run. */
const margin = Duration.seconds(15)

/**
 * What is sent to have a pipeline run.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Routes from "../Contract/Routes.js"
import { coerce, mayCoerce } from "./Coerce.js"
import type { Endpoint } from "./Endpoints.js"
import type { Ask } from "./Http.js"
import { schemasOf } from "./Schemas.js"

/**
 * What can be said about one invocation.
 *
 * @category models
 * @since 0.1.0
 */
export interface InvokeOptions {
  /** Name of the run; default: the pipeline's name and the run's index. */
  readonly runName?: string | undefined
  /** Deadline of the run, enforced by the deployment; default: what the deployment is set to. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Record only statuses and times of the run, not its data; default `false`. */
  readonly skipArtifacts?: boolean | undefined
  /**
   * A key of the caller's choice (1 to 255 visible ASCII characters) that stands for one run for a day, however often this
   * is repeated, also by another process. A run with a key goes on when its caller is interrupted. A deployment known by
   * name is asked again when its answer breaks off. Not together with `skipArtifacts`.
   */
  readonly idempotencyKey?: string | undefined
}

/**
 * The request of an invocation that is waited for.
 *
 * @category requests
 * @since 0.1.0
 */
export const asking = (
  endpoint: Endpoint,
  parameters: unknown,
  { idempotencyKey, runName, skipArtifacts, timeout }: InvokeOptions
): Ask => {
  const timeoutMillis = timeout === undefined ? undefined : Math.max(1, Math.ceil(Duration.toMillis(timeout)))
  return {
    method: "POST",
    path: Routes.paths(endpoint.serving).invoke,
    timeout: Duration.sum(Duration.millis(timeoutMillis ?? endpoint.serving.requestTimeoutMillis), margin),
    body: { parameters, runName, timeoutMillis, skipArtifacts },
    ...(idempotencyKey === undefined ? {} : { headers: { "idempotency-key": idempotencyKey }, isRepeatable: true })
  }
}

/**
 * The same request, asked for in another view.
 *
 * @category requests
 * @since 0.1.0
 */
export const viewing = (ask: Ask, header: Readonly<Record<string, string>>): Ask => ({
  ...ask,
  headers: { ...ask.headers, ...header }
})

/**
 * Parameters with JSON text parsed where the deployment's input schema wants an object or an array.
 *
 * @category converting
 * @since 0.1.0
 */
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

/** What an answer may take beyond the run's own deadline. */
const margin = Duration.seconds(15)

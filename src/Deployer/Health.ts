import * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { OperationalState } from "../Deployment.js"
import type { EngineUnavailable } from "../Errors/Lifecycle.js"
import * as Readiness from "../Readiness.js"
import type * as Settings from "../Settings.js"
import type { Instance } from "./Backend.js"
import type { Kit } from "./Kit.js"

/**
 * The instance will not become healthy any more.
 *
 * @category errors
 * @since 0.1.0
 */
export class InstanceEnded extends Schema.TaggedError<InstanceEnded>()("InstanceEnded", { reason: Schema.String }) {}

// An engine's proxy may accept a connection before the service listens and leave it unanswered: asking again soon finds
// out sooner than waiting. A slow service gets more time with every answer it fails to give.
const firstPatience = Duration.millis(100)
const lastPatience = Duration.seconds(2)

class NotHealthyYet extends Schema.TaggedError<NotHealthyYet>()("NotHealthyYet", {}) {}

/**
 * Waits until an instance runs and answers its readiness check; ends at once when the instance did. Has no deadline of
 * its own.
 *
 * @category waiting
 * @since 0.1.0
 */
export const awaitHealthy = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  instance: Instance,
  serving: Settings.Serving,
  metadata: OperationalState["metadata"]
): Effect.Effect<OperationalState, InstanceEnded | EngineUnavailable> => {
  let patience = firstPatience
  const once = Effect.gen(function* () {
    const state = yield* kit.backend.state(instance, metadata)
    if (state.status === "error" || state.status === "absent") {
      return yield* new InstanceEnded({ reason: state.reason ?? "its instance is gone" })
    }
    if (state.status === "running" && state.url !== undefined) {
      if (yield* isReady(kit, state.url, serving, patience)) return state
      patience = Duration.min(Duration.times(patience, 2), lastPatience)
    }
    return yield* new NotHealthyYet()
  })
  return once.pipe(
    Effect.retry({ schedule: Readiness.backoff, while: ({ _tag }) => _tag === "NotHealthyYet" }),
    // The schedule never ends, so the last failure is never this one.
    Effect.catchTag("NotHealthyYet", () => Effect.never)
  )
}

/**
 * Asks once whether a service is ready for callers.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isReady = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  url: string,
  { apiUrlPath, healthUrlPath, rootUrlPath }: Settings.Serving,
  timeout: Duration.DurationInput = lastPatience
): Effect.Effect<boolean> =>
  Readiness.http(url, {
    path: `${rootUrlPath}${apiUrlPath}${healthUrlPath}/ready`.replace(/\/{2,}/g, "/"),
    timeout
  }).pipe(
    Effect.map((answer) => answer._tag === "Ready"),
    Effect.provideService(HttpClient.HttpClient, kit.http)
  )

import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Routes from "../../Contract/Routes.js"
import type { OperationalState } from "../../Deployment.js"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Backend, Instance } from "../../Flavor/Backend.js"
import type * as Settings from "../../Settings.js"
import type { DeployerContext } from "../DeployerContext.js"
import * as Readiness from "../Readiness.js"

/** The instance will not become healthy any more. */
export class InstanceEnded extends Schema.TaggedError<InstanceEnded>()("InstanceEnded", { reason: Schema.String }) {}

// An engine's proxy may accept a connection before the service listens and leave it unanswered: asking again soon finds
// out sooner than waiting. A slow service gets more time with every answer it fails to give.
const firstPatience = Duration.millis(100)
const lastPatience = Duration.seconds(2)

// How often an instance is asked while it has to stay healthy.
const beat = Duration.millis(100)

class NotHealthyYet extends Schema.TaggedError<NotHealthyYet>()("NotHealthyYet", { asked: Schema.Boolean }) {}

/**
 * Waits until an instance runs and answers its readiness check; ends at once when the instance did. Has no deadline of
 * its own.
 */
export const awaitHealthy = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  instance: Instance,
  serving: Settings.Serving,
  metadata: OperationalState["metadata"]
): Effect.Effect<OperationalState, InstanceEnded | EngineUnavailable> => {
  let patience = firstPatience
  return Effect.suspend(() => healthNow(kit, instance, serving, metadata, patience)).pipe(
    Effect.tapErrorTag("NotHealthyYet", ({ asked }) =>
      Effect.sync(() => {
        if (asked) patience = Duration.min(Duration.times(patience, 2), lastPatience)
      })
    ),
    Effect.retry({ schedule: Readiness.backoff, while: ({ _tag }) => _tag === "NotHealthyYet" }),
    // The schedule never ends, so the last failure is never this one.
    Effect.catchTag("NotHealthyYet", () => Effect.never)
  )
}

/**
 * Waits until an instance has everything ready to take the place of the old one; ends at once when the instance did. Has
 * no deadline of its own.
 */
export const awaitStandby = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  { backend }: DeployerContext<S, SI>,
  standsBy: NonNullable<Backend<S, SI>["standsBy"]>,
  instance: Instance,
  metadata: OperationalState["metadata"]
): Effect.Effect<void, InstanceEnded | EngineUnavailable> =>
  Effect.gen(function* () {
    yield* stillThere(yield* backend.state(instance, metadata))
    return yield* standsBy(instance, metadata)
  }).pipe(Effect.repeat({ schedule: Readiness.backoff, until: (ready) => ready }), Effect.asVoid)

/**
 * Waits until an instance that was just seen healthy has been so for a while without a break, and gives its last state.
 * One that fails a check in between becomes healthy first and then begins the while anew; one that ended fails at once.
 * Has no deadline of its own.
 */
export const stayHealthy = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  instance: Instance,
  serving: Settings.Serving,
  metadata: OperationalState["metadata"],
  options: { readonly seen: OperationalState; readonly forMillis: number }
): Effect.Effect<OperationalState, InstanceEnded | EngineUnavailable> => {
  const check = Effect.delay(healthNow(kit, instance, serving, metadata, lastPatience), beat)
  const unbroken = Effect.gen(function* () {
    const begin = yield* Clock.currentTimeMillis
    let last = options.seen
    while ((yield* Clock.currentTimeMillis) - begin < options.forMillis) last = yield* check
    return last
  })
  return Effect.catchTag(unbroken, "NotHealthyYet", () =>
    Effect.flatMap(awaitHealthy(kit, instance, serving, metadata), (seen) =>
      stayHealthy(kit, instance, serving, metadata, { ...options, seen })
    )
  )
}

/** Asks once whether a service is ready for callers. */
export const isReady = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  url: string,
  serving: Settings.Serving,
  timeout: Duration.DurationInput = lastPatience
): Effect.Effect<boolean> =>
  Readiness.http(url, { path: Routes.paths(serving).ready, timeout }).pipe(
    Effect.map((answer) => answer._tag === "Ready"),
    Effect.provideService(HttpClient.HttpClient, kit.http)
  )

// internal

const stillThere = (state: OperationalState): Effect.Effect<OperationalState, InstanceEnded> =>
  state.status === "error" || state.status === "absent"
    ? new InstanceEnded({ reason: state.reason ?? "its instance is gone" })
    : Effect.succeed(state)

/** The state of an instance that runs and is ready. */
const healthNow = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  instance: Instance,
  serving: Settings.Serving,
  metadata: OperationalState["metadata"],
  patience: Duration.Duration
): Effect.Effect<OperationalState, InstanceEnded | EngineUnavailable | NotHealthyYet> =>
  Effect.gen(function* () {
    const state = yield* stillThere(yield* kit.backend.state(instance, metadata))
    if (state.status !== "running" || state.url === undefined) return yield* new NotHealthyYet({ asked: false })
    return (yield* isReady(kit, state.url, serving, patience)) ? state : yield* new NotHealthyYet({ asked: true })
  })

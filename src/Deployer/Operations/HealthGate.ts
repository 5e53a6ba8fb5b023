import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Responses from "../../Contract/Responses.js"
import * as Routes from "../../Contract/Routes.js"
import type { OperationalState } from "../../Deployment.js"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import { keepDeadlines } from "../../Internal/Deadline.js"
import type * as Settings from "../../Settings.js"
import type { DeployerContext } from "../DeployerContext.js"
import * as Readiness from "../Readiness.js"
import type { ErasedBackend } from "../Requests.js"

/** The instance ended, so it will not become healthy. */
export class InstanceEnded extends Schema.TaggedError<InstanceEnded>()("InstanceEnded", { reason: Schema.String }) {}

// An engine's proxy may accept a connection before the service listens, and never answer it: a new request gets an answer
// sooner than the old one. A slow service gets more time with every request it does not answer.
const firstPatience = Duration.millis(100)
const lastPatience = Duration.seconds(2)

// Time between two checks of an instance that has to stay healthy.
const beat = Duration.millis(100)

class NotHealthyYet extends Schema.TaggedError<NotHealthyYet>()("NotHealthyYet", { asked: Schema.Boolean }) {}

/**
 * Waits until an instance runs and answers its readiness check; fails at once when the instance ended. Has no deadline of
 * its own.
 */
export const awaitHealthy = (
  context: DeployerContext,
  instance: Instance,
  serving: Settings.Serving,
  metadata: OperationalState["metadata"]
): Effect.Effect<OperationalState, InstanceEnded | EngineUnavailable> => {
  let patience = firstPatience
  return Effect.suspend(() => healthNow(context, instance, serving, metadata, { patience, enough: ["ready"] })).pipe(
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
 * Waits until an instance is ready to take the place of the old one; fails at once when the instance ended. Has no deadline
 * of its own.
 */
export const awaitStandby = (
  { backend }: DeployerContext,
  standsBy: NonNullable<ErasedBackend["standsBy"]>,
  instance: Instance,
  metadata: OperationalState["metadata"]
): Effect.Effect<void, InstanceEnded | EngineUnavailable> =>
  Effect.gen(function* () {
    yield* stillThere(yield* backend.state(instance, metadata))
    return yield* standsBy(instance, metadata)
  }).pipe(Effect.repeat({ schedule: Readiness.backoff, until: (ready) => ready }), Effect.asVoid)

/**
 * Waits until an instance that was just seen healthy has been healthy, or busy, for `forMillis` without a break, and returns
 * its last state. The time starts again after each failed check; an instance that ended fails at once. Has no deadline of its own.
 */
export const stayHealthy = (
  context: DeployerContext,
  instance: Instance,
  serving: Settings.Serving,
  metadata: OperationalState["metadata"],
  options: { readonly seen: OperationalState; readonly forMillis: number }
): Effect.Effect<OperationalState, InstanceEnded | EngineUnavailable> => {
  const check = Effect.delay(
    healthNow(context, instance, serving, metadata, { patience: lastPatience, enough: ["ready", "busy"] }),
    beat
  )
  const unbroken = Effect.gen(function* () {
    const begin = yield* Clock.currentTimeMillis
    let last = options.seen
    while ((yield* Clock.currentTimeMillis) - begin < options.forMillis) last = yield* check
    return last
  })
  return Effect.catchTag(unbroken, "NotHealthyYet", () =>
    Effect.flatMap(awaitHealthy(context, instance, serving, metadata), (seen) =>
      stayHealthy(context, instance, serving, metadata, { ...options, seen })
    )
  )
}

/** The health of a service: `busy` is alive, and a step of it computes without a pause. */
export type ServiceHealth = "ready" | "busy" | "unready"

/**
 * One check of the health of a service. Its readiness is off during a maintenance, in which a healthy service serves on, so
 * the check asks for its health. A step that computes for longer than a run may take will not end, because nothing can
 * interrupt it: then the service is `unready`.
 */
export const checkHealth = (
  context: DeployerContext,
  url: string,
  serving: Settings.Serving,
  timeout: Duration.DurationInput = lastPatience
): Effect.Effect<ServiceHealth> =>
  Effect.gen(function* () {
    const client = HttpClient.withScope(yield* HttpClient.HttpClient)
    const response = yield* client.get(url + Routes.paths(serving).health)
    const body = yield* response.stream.pipe(Stream.take(maxBodyChunks), Stream.decodeText(), Stream.mkString)
    if (response.status === 200) return "ready"
    const isBusy = Option.exists(decodeHealth(body), ({ blockedMillis = Infinity }) => {
      return blockedMillis < serving.requestTimeoutMillis
    })
    return isBusy ? "busy" : "unready"
  }).pipe(
    Effect.scoped,
    Effect.timeoutOption(timeout),
    Effect.map(Option.getOrElse(() => "unready" as const)),
    Effect.orElseSucceed(() => "unready" as const),
    Effect.provideService(HttpClient.HttpClient, context.http),
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    Effect.withTracerEnabled(false),
    keepDeadlines
  )

// internal

/** A connection can be used again when its body was read to the end; an endless body is cut off. */
const maxBodyChunks = 16

const decodeHealth = Schema.decodeOption(Schema.parseJson(Responses.Health))

const stillThere = (state: OperationalState): Effect.Effect<OperationalState, InstanceEnded> =>
  state.status === "error" || state.status === "absent"
    ? new InstanceEnded({ reason: state.reason ?? "its instance does not exist any more" })
    : Effect.succeed(state)

/** One look: the state of an instance that runs and has enough health. */
const healthNow = (
  context: DeployerContext,
  instance: Instance,
  serving: Settings.Serving,
  metadata: OperationalState["metadata"],
  { enough, patience }: { readonly patience: Duration.Duration; readonly enough: ReadonlyArray<ServiceHealth> }
): Effect.Effect<OperationalState, InstanceEnded | EngineUnavailable | NotHealthyYet> =>
  Effect.gen(function* () {
    const state = yield* stillThere(yield* context.backend.state(instance, metadata))
    if (state.status !== "running" || state.url === undefined) return yield* new NotHealthyYet({ asked: false })
    const health = yield* checkHealth(context, state.url, serving, patience)
    return enough.includes(health) ? state : yield* new NotHealthyYet({ asked: true })
  })

/** A deployer on another machine, by its control API. Programs that work with any deployer work with it unchanged. */
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Deployer, type LogsOptions, type Service, type SnapshotErrors, type SnapshotRef } from "../Deployer.js"
import { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import { LogLine } from "../Deployment.js"
import type { StoreError } from "../Errors/Stores.js"
import { Api } from "./Api.js"
import * as Calls from "./Calls.js"
import * as Failures from "./Failures.js"
import * as Lines from "./Lines.js"
import type { DeployerInfo } from "./Models.js"

/**
 * The address of a control API.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options extends Calls.Address {}

/**
 * A deployer that asks a control API.
 *
 * **Details**
 *
 * A change has an id: when its answer is lost, the request goes out again and gets the outcome of the first one. Interrupting
 * a change cancels it and waits for its end. A control API that does not answer is a `StoreError` of the reason
 * `unreachable`, or `OutcomeUnknown` for a change that it may have received.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options): Effect.Effect<Service, StoreError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const http = Calls.authorized(yield* HttpClient.HttpClient, options)
    const client = yield* HttpApiClient.makeWith(Api, { httpClient: http, baseUrl: options.url })
    const { deployments, keys, operations } = client
    const { change, observe, read } = Calls.make(options, operations)
    const lines = linesOf(http, options)
    const subscribe = subscribeTo(lines("events", "/events", Schema.NullOr(DeploymentEvent), Schema.Never))
    const info = yield* read<typeof DeployerInfo.Type, never>("info", client.deployer.info())
    return {
      ...info,
      provision: (snapshot, { gate, ...options }) => {
        const payload = { ...options, snapshot, hasGate: gate !== undefined }
        const call = (headers: Calls.ChangeHeaders) => deployments.provision({ headers, payload })
        return ofSnapshot(snapshot, change("provision", options.name, call, gate))
      },
      getOrCreate: (snapshot, { gate, ...options }) => {
        const payload = { ...options, snapshot, hasGate: gate !== undefined }
        const call = (headers: Calls.ChangeHeaders) => deployments.getOrCreate({ headers, payload })
        return ofSnapshot(snapshot, change("provision", options.name, call, gate))
      },
      reprovision: (ref, { gate, ...options } = {}) => {
        const payload = { ...options, hasGate: gate !== undefined }
        const call = (headers: Calls.ChangeHeaders) => deployments.reprovision({ headers, path: { ref }, payload })
        return change("provision", ref, call, gate)
      },
      plan: (snapshot, { gate: _, ...options }) =>
        ofSnapshot(snapshot, read("plan", deployments.plan({ payload: { ...options, snapshot } }))),
      rollback: (ref, payload = {}) =>
        change("rollback", ref, (headers) => deployments.rollback({ headers, path: { ref }, payload })),
      refresh: (ref) => observe("refresh", (headers) => deployments.refresh({ headers, path: { ref } })),
      deprovision: (ref, payload = {}) =>
        change("deprovision", ref, (headers) => deployments.deprovision({ headers, path: { ref }, payload })),
      delete: (ref, payload = {}) =>
        change("delete", ref, (headers) => deployments.delete({ headers, path: { ref }, payload })),
      pause: (ref, pause = {}) => {
        const payload = { for: durationOf(pause.for) }
        return change("pause", ref, (headers) => deployments.pause({ headers, path: { ref }, payload }))
      },
      maintenance: (ref, { message, retryAfter } = {}) => {
        const payload = { message, retryAfter: durationOf(retryAfter) }
        return change("maintenance", ref, (headers) => deployments.maintenance({ headers, path: { ref }, payload }))
      },
      resume: (ref) => change("resume", ref, (headers) => deployments.resume({ headers, path: { ref } })),
      reconcilePlan: read("plan to reconcile", client.deployer.reconcilePlan()),
      reconcile: observe("reconcile", (headers) => client.deployer.reconcile({ headers })),
      rebuild: observe("rebuild", (headers) => client.deployer.rebuild({ headers })),
      list: (urlParams = {}) => read("list", deployments.list({ urlParams })),
      get: (ref) => read("get", deployments.get({ path: { ref } })),
      revisions: (ref) => read("revisions", deployments.revisions({ path: { ref } })),
      authKey: (ref) => Effect.map(read("authKey", keys.own({ path: { ref } })), ({ key }) => key),
      authKeys: (ref) => read("authKeys", keys.list({ path: { ref } })),
      addAuthKey: (ref, payload = {}) =>
        change("addAuthKey", ref, (headers) => keys.add({ headers, path: { ref }, payload })),
      rotateAuthKey: (ref, payload = {}) =>
        change("rotateAuthKey", ref, (headers) => keys.rotate({ headers, path: { ref }, payload })),
      removeAuthKey: (ref, id) =>
        change("removeAuthKey", ref, (headers) => keys.remove({ headers, path: { ref, id } })),
      logs: (ref, selection = {}) =>
        lines(
          "logs",
          `/deployments/${encodeURIComponent(ref)}/logs?${queryOf(selection)}`,
          LogLine,
          Failures.LogsError
        ),
      changes: Stream.as(Stream.retry(lines("changes", "/changes", Schema.Null, Schema.Never), again), undefined).pipe(
        Stream.orDie
      ),
      events: Stream.unwrapScoped(Effect.map(subscribe, (queue) => Stream.fromQueue(queue))),
      subscribe
    }
  })

/**
 * The deployer of programs, on another machine.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer, type Redacted } from "effect"
 * import { Deployer } from "effect-deployers"
 * import { RemoteDeployer } from "effect-deployers/Control"
 *
 * const names = Effect.map(
 *   Effect.flatMap(Deployer.Deployer, (deployer) => deployer.list()),
 *   (deployments) => deployments.map(({ name }) => name)
 * )
 *
 * const there = (token: Redacted.Redacted) =>
 *   RemoteDeployer.layer({ url: "https://deployers.example.com", token }).pipe(Layer.provide(FetchHttpClient.layer))
 *
 * export const program = (token: Redacted.Redacted) => Effect.provide(names, there(token))
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<Deployer, StoreError, HttpClient.HttpClient> =>
  Layer.effect(Deployer, make(options))

/**
 * The same with the address of `DEPLOYERS_CONTROL_URL` and the token of `DEPLOYERS_CONTROL_TOKEN`, or of other configurations.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = {
    url: Config.string("DEPLOYERS_CONTROL_URL"),
    token: Config.redacted("DEPLOYERS_CONTROL_TOKEN")
  }
): Layer.Layer<Deployer, StoreError | ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))

// internal

/** A `Snapshot` value that the other registry does not have is refused there with a mismatch. */
const ofSnapshot = <R extends SnapshotRef, A, E>(_: R, operation: Effect.Effect<A, E>) =>
  operation as Effect.Effect<A, SnapshotErrors<R, E>>

const durationOf = (input: Duration.DurationInput | undefined) =>
  input === undefined ? undefined : Duration.decode(input)

const queryOf = ({ follow, since, tail }: LogsOptions): URLSearchParams => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ follow, since, tail })) {
    if (value !== undefined) query.set(name, String(value))
  }
  return query
}

const again = Schedule.spaced("1 second")

/** Reads streams of lines. */
const linesOf =
  (http: HttpClient.HttpClient, options: Options) =>
  <A, I, E, EI>(operation: string, path: string, item: Schema.Schema<A, I>, failure: Schema.Schema<E, EI>) =>
    HttpClient.filterStatusOk(http)
      .execute(HttpClientRequest.get(`${options.url}/api/v1${path}`))
      .pipe(
        Effect.mapError((error) => Calls.refused(options, operation, error)),
        Effect.map(({ stream }) =>
          Stream.mapError(Lines.decode(item, failure, stream), (error): E | StoreError =>
            Lines.isCut(error) ? Calls.refused(options, operation, error) : error
          )
        ),
        Stream.unwrap
      )

/** The queue of events, once no event can be missed. A connection that breaks is opened again, without the events between. */
const subscribeTo = <E>(
  events: Stream.Stream<DeploymentEvent | null, E>
): Effect.Effect<Queue.Dequeue<DeploymentEvent>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<DeploymentEvent>()
    const isOpen = yield* Deferred.make<void>()
    yield* Stream.runForEach(events, (event) =>
      event === null ? Deferred.succeed(isOpen, undefined) : Queue.offer(queue, event)
    ).pipe(Effect.ignore, Effect.zipRight(Deferred.succeed(isOpen, undefined)), Effect.repeat(again), Effect.forkScoped)
    yield* Deferred.await(isOpen)
    return queue
  })

/** A service without its HTTP side: everything that runs a pipeline, its warm state, and the drain that ends it. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Manifest } from "../../Contract/Manifest.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Pipeline from "../../Pipeline.js"
import * as Spec from "../../Snapshot/Spec.js"
import { Ids } from "../../Store/Ids.js"
import { RunStore } from "../../Store/RunStore.js"
import type { Requirements } from "../Http/Handlers.js"
import { ServiceInfo } from "../Http/ServiceInfo.js"
import * as Invocation from "../Run/Invocation.js"
import * as Metrics from "../Run/Metrics.js"
import * as ProcessStats from "../Run/ProcessStats.js"
import * as Retention from "../Run/Retention.js"
import * as RunFailures from "../Run/RunFailures.js"
import * as RunRecorder from "../Run/RunRecorder.js"
import * as Fleet from "../Run/Service.js"

/**
 * The warm state of a pipeline could not be built, so it cannot be served.
 *
 * @category errors
 * @since 0.1.0
 */
export class WarmUpFailed extends Schema.TaggedError<WarmUpFailed>()("WarmUpFailed", {
  pipeline: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `The warm state of pipeline "${this.pipeline}" could not be built: ${this.reason}`
  }
}

/** The place of a process in a service, and its check with the failures `C`. */
export interface Options<C = never> {
  /** The other processes of the service; default none. */
  readonly fleet?: Layer.Layer<Fleet.Service, never, Fleet.ThisProcess>
  /** The time at which the service started; default now. */
  readonly startedAt?: DateTime.Utc
  /** Layers that it has built are shared with other services of this process; default: none. */
  readonly memoMap?: Layer.MemoMap
  /** Runs with the warm state, before the service accepts runs; default: no check. */
  readonly check?: (state: Context.Context<never>) => Effect.Effect<void, C>
}

export interface ServiceRuntime<C = never> {
  /** The services that the HTTP side needs. */
  readonly services: Context.Context<Requirements>
  /** Builds the warm state once, in the scope of the service, and runs the check; the service accepts runs afterwards. */
  readonly warmUp: Effect.Effect<void, WarmUpFailed | C>
  /** Refuses new runs, closes the HTTP side, and ends when the last run is answered and stored. */
  readonly drain: (close: Effect.Effect<void>) => Effect.Effect<void>
}

/** Makes the runtime, which lives until the scope closes. Runs are refused until `warmUp` succeeded. */
export const make = <C = never>(
  pipeline: Pipeline.Any,
  manifest: Manifest,
  options: Options<C> = {}
): Effect.Effect<ServiceRuntime<C>, StoreError, RunStore | Ids | Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const given = Context.pick(Ids, RunStore)(yield* Effect.context<Ids | RunStore>())
    const built = yield* Layer.build(layer(pipeline, manifest, options))
    const services = Context.merge(given, built)
    if (manifest.serving.recording !== "none") {
      yield* Effect.provide(pollCancellations, services)
      yield* Retention.keepLooking(manifest.serving)
    }
    return {
      services,
      warmUp: yield* Effect.cached(Effect.provide(warming(pipeline, scope, options), services)),
      drain: (close) => Effect.provide(drain(close), services)
    }
  })

// internal

const build = (layer: Pipeline.Any["layer"], scope: Scope.Scope, memoMap: Layer.MemoMap | undefined) =>
  memoMap === undefined ? Layer.buildWithScope(layer, scope) : Layer.buildWithMemoMap(layer, memoMap, scope)

const warming = <C>(
  pipeline: Pipeline.Any,
  scope: Scope.Scope,
  { check = () => Effect.void, memoMap }: Options<C>
): Effect.Effect<void, WarmUpFailed | C, Invocation.Invocation | Invocation.Lifecycle> =>
  Effect.gen(function* () {
    const { warm } = yield* Invocation.Invocation
    const { ready } = yield* Invocation.Lifecycle
    const built = yield* build(pipeline.layer, scope, memoMap).pipe(
      Effect.catchAllCause((cause) =>
        Cause.isInterruptedOnly(cause)
          ? Effect.interrupt
          : Effect.fail(new WarmUpFailed({ pipeline: pipeline.name, reason: RunFailures.render(cause) }))
      )
    )
    yield* check(built)
    yield* warm(built)
    yield* ready
  })

const layer = (
  pipeline: Pipeline.Any,
  manifest: Manifest,
  { fleet = Fleet.layerAlone, startedAt }: Options<unknown>
) => {
  const { deployment, serving, snapshot } = manifest
  const identity = {
    deploymentId: deployment.id,
    deploymentName: deployment.name,
    snapshotId: snapshot.id,
    snapshotName: `${snapshot.pipelineName}@${snapshot.version}`
  }
  const info = Layer.effect(
    ServiceInfo,
    Effect.map(DateTime.now, (now) => ({
      manifest,
      pipeline,
      spec: Spec.compile(pipeline),
      startedAt: startedAt ?? now
    }))
  )
  const invocation = Layer.effect(Invocation.Invocation, Invocation.make(pipeline, { identity, serving }))
  const recorder = serving.recording === "none" ? RunRecorder.layerNone : RunRecorder.layer
  const base = Layer.mergeAll(info, Invocation.layerLifecycle, Metrics.layer, ProcessStats.layer, recorder)
  return Layer.provideMerge(fleet, Layer.provideMerge(Fleet.layerThisProcess, Layer.provideMerge(invocation, base)))
}

/**
 * Cancels the runs of this process that another process was asked to cancel. Workers of one service cancel through their
 * primary, which answers at once. Two versions of a deployment serve together while one replaces the other and share only
 * the run store: the request is written there, and this reads it four times a second.
 */
const pollCancellations: Effect.Effect<void, never, Invocation.Invocation | RunStore | Scope.Scope> = Effect.gen(
  function* () {
    const { cancel } = yield* Invocation.Invocation
    const { cancelled } = yield* RunStore
    const look = Effect.map(cancelled, (ids) => ids.forEach(cancel))
    yield* Effect.forkScoped(Effect.schedule(Effect.ignore(look), Schedule.spaced("250 millis")))
  }
)

/**
 * Refuses new runs, closes the HTTP side, and waits for the runs in progress. Runs that take longer than
 * `drainTimeoutMillis` are interrupted, recorded as `shutdown` and answered. Ends when the last record is stored.
 */
const drain = (
  close: Effect.Effect<void>
): Effect.Effect<void, never, ServiceInfo | Invocation.Invocation | Invocation.Lifecycle | RunRecorder.RunRecorder> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const lifecycle = yield* Invocation.Lifecycle
    const recorder = yield* RunRecorder.RunRecorder
    yield* lifecycle.drain
    const closing = yield* Effect.fork(close)
    yield* finishRuns(manifest.serving.drainTimeoutMillis)
    yield* Effect.timeoutOption(closing, "1 second")
    yield* recorder.flush
  })

const finishRuns = (timeoutMillis: number): Effect.Effect<void, never, Invocation.Invocation> =>
  Effect.gen(function* () {
    const { idle, inFlight, interruptAll, queued } = yield* Invocation.Invocation
    yield* Effect.logInfo(`Draining: ${inFlight()} runs in flight, ${queued()} waiting.`)
    const inTime = yield* Effect.timeoutOption(idle, timeoutMillis)
    if (inTime._tag === "Some") return
    yield* Effect.logWarning(`Runs did not finish within ${timeoutMillis} ms and are interrupted.`)
    yield* interruptAll("shutdown")
    yield* Effect.asVoid(Effect.timeoutOption(idle, "5 seconds"))
  })

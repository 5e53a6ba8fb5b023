/** A service without its HTTP side: everything that runs a pipeline, its warm state, and the drain that ends it. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Manifest } from "../../Contract/Manifest.js"
import type { StoreError } from "../../Errors/Stores.js"
import * as Health from "../../Health.js"
import type * as Pipeline from "../../Pipeline.js"
import { Sessions } from "../../Session.js"
import * as Spec from "../../Snapshot/Spec.js"
import { Ids } from "../../Store/Ids.js"
import { RunStore } from "../../Store/RunStore.js"
import * as Application from "../Http/Application.js"
import * as ApplicationParts from "../Http/ApplicationParts.js"
import type { Requirements } from "../Http/Handlers.js"
import * as KeyRing from "../Http/KeyRing.js"
import { ServiceInfo } from "../Http/ServiceInfo.js"
import * as ArtifactKeeper from "../Run/Artifacts/ArtifactKeeper.js"
import * as ArtifactSource from "../Run/Artifacts/ArtifactSource.js"
import * as BinaryOutput from "../Run/Artifacts/BinaryOutput.js"
import * as Recovery from "../Run/Durable/Recovery.js"
import * as RunSignals from "../Run/Durable/RunSignals.js"
import * as StreamLimit from "../Run/Events/StreamLimit.js"
import * as RunFailures from "../Run/Execution/RunFailures.js"
import * as RunFolders from "../Run/Files/RunFolders.js"
import * as HealthChecks from "../Run/HealthChecks.js"
import * as Intake from "../Run/Intake.js"
import * as Invocation from "../Run/Invocation.js"
import * as ProcessStats from "../Run/Metrics/ProcessStats.js"
import * as Metrics from "../Run/Metrics.js"
import * as Retention from "../Run/Records/Retention.js"
import * as RunQueries from "../Run/Records/RunQueries.js"
import * as RunRecorder from "../Run/Records/RunRecorder.js"
import * as StepCache from "../Run/Records/StepCache.js"
import * as RunSessions from "../Run/RunSessions.js"
import * as Scheduler from "../Run/Schedules/Scheduler.js"
import * as Fleet from "../Run/Service.js"
import * as TriggerPauses from "../Run/Triggers/TriggerPauses.js"
import * as Triggers from "../Run/Triggers.js"
import * as Outbox from "../Run/Webhooks/Outbox.js"
import * as LogLevels from "./LogLevels.js"

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
  /** Refuses new runs, and ends when the last run is answered and stored, and the HTTP side is closed. */
  readonly drain: (http?: HttpSide) => Effect.Effect<void>
  /** Makes every answer the last one of its connection, while the service accepts runs. */
  readonly leave: Effect.Effect<void>
}

/** The HTTP side of a service, as a drain uses it. */
export interface HttpSide {
  /** Makes each answer that is in progress the last one of its connection. */
  readonly retire: Effect.Effect<void>
  /** Stops accepting at the URL of the deployment, and makes the answers in progress the last ones there. */
  readonly leave: Effect.Effect<void>
  /** Waits until no caller of the URL is connected. */
  readonly left: Effect.Effect<void>
  /** Stops accepting, and ends with the last connection. */
  readonly close: Effect.Effect<void>
  /**
   * The processes that accept connections in place of this one, which then stops accepting: none, the other workers
   * of the service, or the next generation. That one has the new callers, so this one serves the runs of its own.
   */
  readonly successor: Effect.Effect<"none" | "workers" | "generation">
}

/** Makes the runtime, which lives until the scope closes. Runs are refused until `warmUp` succeeded. */
export const make = <C = never>(
  pipeline: Pipeline.Any,
  manifest: Manifest,
  options: Options<C> = {}
): Effect.Effect<ServiceRuntime<C>, StoreError, RunStore | Ids | Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const { outbox, store } = yield* Outbox.make(manifest, yield* RunStore)
    const given = Context.make(RunStore, store).pipe(Context.add(Ids, yield* Ids), Context.add(Outbox.Outbox, outbox))
    const built = yield* Effect.provide(Layer.build(layer(pipeline, manifest, options)), given)
    const services = Context.merge(given, built)
    const atLevel = LogLevels.at(manifest.serving)
    if (manifest.serving.recording !== "none") {
      yield* Effect.ignore(continueIds)
      yield* Effect.provide(pollCancellations, services)
      yield* Retention.keepLooking(manifest.serving)
      yield* RunSessions.keepExpiring
      yield* Effect.provide(Recovery.keepTaking(manifest.serving), services)
    }
    return {
      services,
      warmUp: yield* Effect.cached(atLevel(Effect.provide(warming(pipeline, scope, options), services))),
      drain: (http = noHttpSide) => atLevel(Effect.provide(drain(http), services)),
      leave: Context.get(services, Invocation.Lifecycle).leave
    }
  })

// internal

/** The program that mounts an app owns its connections. */
const noHttpSide: HttpSide = {
  retire: Effect.void,
  leave: Effect.void,
  left: Effect.void,
  close: Effect.void,
  successor: Effect.succeed("none")
}

/**
 * The longest wait for callers with an idle connection, while another generation serves: longer than
 * `HttpServer.announcedIdleMillis`. A caller may send a request in the moment in which its connection closes, and sees a
 * reset then; one that heeds the announced time has left by then.
 */
const idleLimit = "4 seconds"

const build = (layer: Pipeline.Any["layer"], scope: Scope.Scope, memoMap: Layer.MemoMap | undefined) =>
  memoMap === undefined ? Layer.buildWithScope(layer, scope) : Layer.buildWithMemoMap(layer, memoMap, scope)

const warming = <C>(
  pipeline: Pipeline.Any,
  scope: Scope.Scope,
  { check = () => Effect.void, memoMap }: Options<C>
): Effect.Effect<
  void,
  WarmUpFailed | C,
  | Application.Application
  | ApplicationParts.Requirements
  | ArtifactSource.ArtifactSource
  | Fleet.Service
  | HealthChecks.HealthChecks
  | Ids
  | Invocation.Invocation
  | Invocation.Lifecycle
  | Outbox.Outbox
  | RunStore
  | Scheduler.Scheduler
  | ServiceInfo
  | TriggerPauses.TriggerPauses
> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const { warm } = yield* Invocation.Invocation
    const { ready } = yield* Invocation.Lifecycle
    const { checks } = yield* HealthChecks.HealthChecks
    const { keepFiring } = yield* Scheduler.Scheduler
    const keepSending = yield* warmUpFailure(pipeline)((yield* Outbox.Outbox).open)
    const built = yield* build(pipeline.layer, scope, memoMap).pipe(
      Effect.provideService(Health.Checks, checks),
      warmUpFailure(pipeline)
    )
    const state = Context.add(built, Sessions, RunSessions.statesOf(yield* RunStore, manifest.serving))
    yield* check(state)
    yield* warm(state, yield* Scope.extend(keeping(pipeline, manifest, built), scope))
    yield* openApplication(built, scope).pipe(Effect.provideService(Health.Checks, checks), warmUpFailure(pipeline))
    yield* ready
    if (manifest.serving.runSchedules) yield* Scope.extend(keepFiring, scope)
    yield* Scope.extend(keepSending, scope)
    if (manifest.serving.runTriggers && pipeline.triggers.length > 0) {
      yield* Scope.extend((yield* TriggerPauses.TriggerPauses).keepLooking, scope)
      const consuming = Triggers.keepConsuming(pipeline.triggers, manifest.serving, state)
      yield* Scope.extend(Effect.provide(consuming, RunQueries.layer), scope)
    }
  })

/** Opens the store of artifacts, and returns the parts of runs that are kept besides their records. */
const keeping = (pipeline: Pipeline.Any, manifest: Manifest, built: Context.Context<never>) =>
  Effect.gen(function* () {
    const store = yield* ArtifactKeeper.storeOf(manifest, built, yield* Effect.context<never>())
    const { open } = yield* ArtifactSource.ArtifactSource
    yield* open(store)
    const { artifactBytes, recording } = manifest.serving
    const keepsBytes = recording !== "none" && BinaryOutput.isIn(pipeline)
    if (BinaryOutput.isIn(pipeline)) yield* Effect.forkDaemon(RunFolders.removeLeftovers)
    if (artifactBytes !== undefined || keepsBytes) yield* ArtifactKeeper.keepSweeping(store)
    const runs = yield* RunStore
    return {
      artifacts: ArtifactKeeper.make(manifest, ArtifactKeeper.keeping(store, runs)),
      keepFile: keepsBytes ? ArtifactKeeper.keepingFiles(store, runs) : undefined,
      cache: StepCache.make(manifest, runs)
    }
  })

const warmUpFailure =
  ({ name }: Pipeline.Any) =>
  <A, R>(effect: Effect.Effect<A, unknown, R>): Effect.Effect<A, WarmUpFailed, R> =>
    Effect.catchAllCause(effect, (cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.interrupt
        : Effect.fail(new WarmUpFailed({ pipeline: name, reason: RunFailures.render(cause) }))
    )

/** Builds the application of a pipeline with its warm state; does nothing without one. */
const openApplication = (state: Context.Context<never>, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const application = yield* Application.Application
    if (application.isEmpty) return
    yield* application.open(yield* ApplicationParts.build(state, scope))
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
  const recorder = serving.recording === "none" ? RunRecorder.layerNone : RunRecorder.layerWith(serving.recovery)
  const keys = Layer.effect(KeyRing.KeyRing, KeyRing.make(manifest))
  const lifecycle = Layer.merge(Invocation.layerLifecycle, HealthChecks.layer)
  const limits = StreamLimit.layer(serving)
  const states = Layer.merge(lifecycle, Intake.layer(manifest))
  const application = Application.layer(pipeline.app?.parts ?? [], serving)
  const signals = RunSignals.layer
  const base = Layer.mergeAll(
    info,
    keys,
    states,
    application,
    limits,
    ArtifactSource.layer,
    Metrics.layer,
    ProcessStats.layer,
    recorder,
    signals,
    TriggerPauses.layer(pipeline.triggers)
  )
  const running = Layer.provideMerge(Scheduler.layer(pipeline.schedules ?? []), Layer.provideMerge(invocation, base))
  return Layer.provideMerge(fleet, Layer.provideMerge(Fleet.layerThisProcess, running))
}

/** Runs are listed by their ids, so the ids of this process follow those of the runs on record. */
const continueIds = Effect.gen(function* () {
  const { startAfter } = yield* Ids
  const { runs } = yield* Effect.flatMap(RunStore, (store) => store.list({ limit: 1 }))
  yield* Effect.forEach(runs, ({ id }) => startAfter(id))
})

/**
 * Cancels the runs of this process that another process was asked to cancel. Workers of one service cancel through their
 * primary, which answers at once. Two versions of a deployment serve together while one replaces the other and share only
 * the run store: the request is written there, and this reads it four times a second while it has runs.
 */
const pollCancellations: Effect.Effect<void, never, Invocation.Invocation | RunStore | Scope.Scope> = Effect.gen(
  function* () {
    const { cancel, inProgress } = yield* Invocation.Invocation
    const { cancelled } = yield* RunStore
    const look = Effect.when(
      Effect.map(cancelled, (ids) => ids.forEach(cancel)),
      () => inProgress() > 0
    )
    yield* Effect.forkScoped(Effect.schedule(Effect.ignore(look), Schedule.spaced("250 millis")))
  }
)

/**
 * Refuses new runs, and waits for the runs in progress. Runs that take longer than `drainTimeoutMillis` are interrupted,
 * recorded as `shutdown` and answered. Until then the service keeps its port and answers every request, each one as the
 * last of its connection: a caller learns that it has to come back, where a closed port would only refuse it. Ends when
 * the HTTP side is closed and the last record is stored.
 */
const drain = (
  http: HttpSide
): Effect.Effect<void, never, ServiceInfo | Invocation.Invocation | Invocation.Lifecycle | RunRecorder.RunRecorder> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const lifecycle = yield* Invocation.Lifecycle
    const recorder = yield* RunRecorder.RunRecorder
    const successor = yield* http.successor
    if (successor === "none") yield* serveOn(manifest, http)
    yield* successor === "generation" ? Effect.zipRight(lifecycle.leave, http.leave) : lifecycle.drain
    yield* http.retire
    const closing = yield* Effect.fork(successor === "workers" ? http.close : Effect.void)
    const left = yield* Effect.fork(successor === "generation" ? lastCallers(http) : Effect.void)
    const finish = yield* finishingWithin(manifest.serving.drainTimeoutMillis)
    yield* finish
    yield* Fiber.join(left)
    yield* lifecycle.drain
    // Those that the last callers began after the others had finished.
    yield* finish
    yield* Effect.timeoutOption(Effect.zipRight(Fiber.join(closing), http.close), "1 second")
    yield* recorder.flush
  })

/** Goes on while a load balancer still sends new connections here. Those that are open are asked to come back elsewhere. */
const serveOn = ({ drainDelayMillis = 0 }: Manifest, { retire }: HttpSide) =>
  drainDelayMillis === 0
    ? Effect.void
    : Effect.flatMap(Invocation.Lifecycle, ({ leave }) => leave).pipe(
        Effect.zipRight(retire),
        Effect.zipRight(Effect.sleep(drainDelayMillis))
      )

/**
 * Waits for the callers of the URL that are still connected. When a busy machine has held up this process, their requests
 * have arrived and are read only after the timer, so they get a turn.
 */
const lastCallers = ({ left }: HttpSide) =>
  Effect.flatMap(Effect.timeoutOption(left, idleLimit), (all) =>
    Option.isSome(all) ? Effect.void : Effect.sleep("50 millis")
  )

/** An effect that waits for the runs in progress, until a time that is the same for each call. */
const finishingWithin = (timeoutMillis: number) =>
  Effect.gen(function* () {
    const { handOverAll, handOverIdle, idle, inFlight, queued } = yield* Invocation.Invocation
    const begun = yield* Clock.currentTimeMillis
    yield* handOverIdle
    yield* Effect.logInfo(`Draining: ${inFlight()} runs in flight, ${queued()} waiting.`)
    const remaining = Effect.map(Clock.currentTimeMillis, (now) => Math.max(0, begun + timeoutMillis - now))
    return Effect.gen(function* () {
      const inTime = yield* Effect.timeoutOption(idle, yield* remaining)
      if (Option.isSome(inTime)) return
      yield* Effect.logWarning(`Runs did not finish within ${timeoutMillis} ms and are interrupted, or handed over.`)
      yield* handOverAll
      yield* Effect.asVoid(Effect.timeoutOption(idle, "5 seconds"))
    })
  })

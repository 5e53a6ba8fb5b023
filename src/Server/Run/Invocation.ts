/**
 * The invocation of a pipeline: from a parsed body to a status and JSON. It uses no HTTP library, so the typed API and the
 * direct route in front of it share it.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ServiceInMaintenance, ServiceUnavailable, TooManyRuns } from "../../Contract/Errors.js"
import * as Routes from "../../Contract/Routes.js"
import type { Maintenance } from "../../Deployment/Intake.js"
import type * as Pipeline from "../../Pipeline.js"
import { none as noRequest } from "../../Run/Request.js"
import type { InterruptionCause } from "../../Run.js"
import type * as Settings from "../../Settings.js"
import { Ids } from "../../Store/Ids.js"
import type { Run, TakenRun } from "../../Store/RunStore.js"
import * as SyncOrFiber from "../HotPath/SyncOrFiber.js"
import { NextTurn } from "../HotPath/TickBatcher.js"
import * as Continuation from "./Durable/Continuation.js"
import * as Resumption from "./Durable/Resumption.js"
import { RunSignals } from "./Durable/RunSignals.js"
import type { Follower } from "./Execution/ActiveRun.js"
import * as ActiveRuns from "./Execution/ActiveRuns.js"
import type * as RunCall from "./Execution/RunCall.js"
import * as RunExecutor from "./Execution/RunExecutor.js"
import * as RunFailures from "./Execution/RunFailures.js"
import { type KeptOptions, makeRuntime, type RunRuntime } from "./Execution/RunFiber.js"
import * as RunOutcome from "./Execution/RunOutcome.js"
import * as Subject from "./Execution/Subject.js"
import { Intake } from "./Intake.js"
import * as InvokeRequest from "./InvokeRequest.js"
import * as Admission from "./Limits/Admission.js"
import * as CallerLimits from "./Limits/CallerLimits.js"
import { Metrics } from "./Metrics.js"
import * as RunLog from "./Records/RunLog.js"
import type { RunRecorder } from "./Records/RunRecorder.js"
import * as Response from "./Response.js"
import * as RunSessions from "./RunSessions.js"
import type { Parsed } from "./SafeJson.js"
import * as ValidationIssues from "./ValidationIssues.js"

/**
 * Runs the pipeline for callers: admission, limits, recording and the answer.
 *
 * @category services
 * @since 0.1.0
 */
export class Invocation extends Context.Tag("effect-deployers/Server/Invocation")<
  Invocation,
  {
    /** Runs the pipeline once and returns the answer. Interrupting it records the run as `disconnected`. */
    readonly invoke: (body: Parsed, options?: InvokeRequest.InvokeOptions) => Effect.Effect<Response.Response>
    /**
     * The same without a fiber, for the path of every request: calls `onAnswer` once. The returned function must be called
     * when the client disconnects; `undefined` when that has no effect any more.
     */
    readonly call: (
      body: Parsed,
      onAnswer: (answer: Response.Response) => void,
      options?: InvokeRequest.InvokeOptions
    ) => RunCall.OnDisconnect | undefined
    /** Sets the warm state of runs, which are refused before, and the keeper of large outputs of their steps. */
    readonly warm: (context: Context.Context<never>, kept?: Omit<KeptOptions, "logger">) => Effect.Effect<void>
    /** A run in progress, with the steps it has so far. */
    readonly find: (id: string) => Run | undefined
    /** Follows a run until the returned function is called; `undefined` if it is not in progress. */
    readonly follow: (id: string, follower: Follower) => (() => void) | undefined
    /** Stores the steps of a run as they start and end, from now on. */
    readonly storeSteps: (id: string) => void
    /** Gives a run in progress a second id, by which it can be cancelled until the returned function is called. */
    readonly alias: (alias: string, id: string) => () => void
    /** Interrupts a run as cancelled; false if it is not in progress. */
    readonly cancel: (id: string) => boolean
    /** The path of a run. */
    readonly pathOf: (runId: string) => string
    /** The ids of the runs in progress. */
    readonly runsInProgress: () => ReadonlyArray<string>
    /** The number of runs in progress. */
    readonly inFlight: () => number
    /** The number of runs that wait for a place. */
    readonly queued: () => number
    /** The number of runs in progress, also of those that sleep or wait. */
    readonly inProgress: () => number
    /** The number of runs that may start at once. */
    readonly places: () => number
    /** Goes on with a run that another process accepted. */
    readonly goOn: (taken: TakenRun) => Effect.Effect<void>
    /**
     * Gives the runs that sleep or wait to the next process, those that have not started and have no caller who waits, and
     * each further one when it begins to sleep or to wait.
     */
    readonly handOverIdle: Effect.Effect<void>
    /** Gives every run with a lease to the next process, and interrupts the others. */
    readonly handOverAll: Effect.Effect<void>
    /** Interrupts every run in progress. */
    readonly interruptAll: (cause: InterruptionCause) => Effect.Effect<void>
    /** Waits until every run has ended and is stored. */
    readonly idle: Effect.Effect<void>
  }
>() {}

/**
 * The phase of a service: it builds its warm state, it accepts runs, or it drains.
 *
 * @category models
 * @since 0.1.0
 */
export type Phase = "starting" | "ready" | "draining"

/**
 * Holds the phase of a service.
 *
 * @category services
 * @since 0.1.0
 */
export class Lifecycle extends Context.Tag("effect-deployers/Server/Lifecycle")<
  Lifecycle,
  {
    /** A plain function, because every request reads it. */
    readonly phase: () => Phase
    /** Changes `starting` to `ready`; has no effect on a service that drains. */
    readonly ready: Effect.Effect<void>
    /** True when every answer is the last one of its connection. A plain function, because every request reads it. */
    readonly isLeaving: () => boolean
    /** Makes every answer the last one of its connection. */
    readonly leave: Effect.Effect<void>
    /** Leaves, and refuses runs from now on. */
    readonly drain: Effect.Effect<void>
  }
>() {}

/**
 * The lifecycle of a service that is starting.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLifecycle: Layer.Layer<Lifecycle> = Layer.sync(Lifecycle, () => {
  let phase: Phase = "starting"
  let isLeaving = false
  return {
    phase: () => phase,
    ready: Effect.sync(() => {
      if (phase === "starting") phase = "ready"
    }),
    isLeaving: () => isLeaving,
    leave: Effect.sync(() => {
      isLeaving = true
    }),
    drain: Effect.sync(() => {
      isLeaving = true
      phase = "draining"
    })
  }
})

/**
 * Makes the invocation of a pipeline. Runs are refused until `warm` was called.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  pipeline: Pipeline.Any,
  options: { readonly identity: RunOutcome.Identity; readonly serving: Settings.Serving }
): Effect.Effect<
  Context.Tag.Service<Invocation>,
  never,
  Ids | Intake | Lifecycle | Metrics | RunRecorder | RunSignals
> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const lifecycle = yield* Lifecycle
    const intake = yield* Intake
    const metrics = yield* Metrics
    const signals = yield* RunSignals
    const syncOrFiber = SyncOrFiber.make(yield* Effect.runtime<never>())
    const { maxConcurrency, maxQueue } = options.serving
    const admission = Admission.make({ maxConcurrency, maxQueue, clock: yield* Effect.clock, defer: yield* NextTurn })
    const subjects = Subject.make(pipeline)
    const callersOf = CallerLimits.ofSubjects(subjects, yield* Effect.clock, options.serving.workers)
    const decode = InvokeRequest.decoder(pipeline)
    const sessionOf = RunSessions.sessionOf(pipeline)
    const runs = ActiveRuns.make<RunCall.Call>()
    const aliases = new Map<string, string>()
    const { run: pattern } = Routes.paths(options.serving)
    const pathOf = (id: string) => pattern.replace(":id", id)
    let isHandingOver = false
    const execute = yield* RunExecutor.make({
      ...options,
      pipeline,
      admission,
      runs,
      syncOrFiber,
      pathOf,
      isHandingOver: () => isHandingOver
    })
    const invocationOf = Resumption.invocations(pipeline, options.serving)
    const keepsLogs = options.serving.recording !== "none" && options.serving.maxRunLogBytes > 0
    let runtime: RunRuntime | undefined

    intake.onChange((state) => {
      if (state?._tag === "Paused") return admission.pause()
      if (state?._tag === "Maintenance") admission.refuse(inMaintenance(state))
      admission.resume()
    })

    const open = (): RunRuntime | ServiceUnavailable | ServiceInMaintenance => {
      const phase = lifecycle.phase()
      if (phase === "draining") return draining
      const state = intake.now()
      if (state?._tag === "Maintenance") return inMaintenance(state)
      return phase === "starting" || runtime === undefined ? starting : runtime
    }
    const admit = (
      runtime: RunRuntime,
      request: InvokeRequest.InvokeRequest,
      onAnswer: OnAnswer,
      options: InvokeRequest.InvokeOptions
    ) => {
      const session = sessionOf(options.session, request.parameters)
      if (session !== undefined && typeof session !== "string") return answered(onAnswer, session)
      const claim = callersOf?.(request.parameters)?.(options.request?.() ?? noRequest)
      if (claim !== undefined && "_tag" in claim) {
        metrics.shed()
        return answered(onAnswer, claim)
      }
      const slot = admission.enter(claim)
      if (slot !== undefined) return execute({ runtime, request, options, session, slot, onAnswer })
      metrics.shed()
      return answered(onAnswer, tooManyRuns)
    }
    const refuse = (cause: Cause.Cause<Response.WireError>, onAnswer: OnAnswer) => {
      const error = Option.getOrUndefined(Cause.failureOption(cause))
      if (error !== undefined) return onAnswer(Response.ofError(error))
      syncOrFiber(
        () => RunOutcome.internalError(ids, RunFailures.render(cause)),
        Exit.map((internal) => onAnswer(Response.ofError(internal)))
      )
    }
    const call: Context.Tag.Service<Invocation>["call"] = (body, onAnswer, options = waiting) => {
      const opened = open()
      if ("_tag" in opened) return answered(onAnswer, opened)
      let isDecoded = false
      let isLeft = false
      let leave: RunCall.OnDisconnect | undefined
      syncOrFiber(
        () => decode(body),
        (decoded) => {
          isDecoded = true
          if (isLeft) return
          if (Exit.isFailure(decoded)) refuse(decoded.cause, onAnswer)
          else if (
            options.pace !== undefined &&
            decoded.value.skipArtifacts &&
            subjects.of(decoded.value.parameters).streams
          ) {
            answered(onAnswer, unrecorded)
          } else leave = admit(opened, decoded.value, onAnswer, options)
        }
      )
      if (isDecoded) return leave
      return () => {
        isLeft = true
        leave?.()
      }
    }

    return Invocation.of({
      call,
      invoke: (body, options) =>
        Effect.async((resume) => {
          const leave = call(body, (answer) => resume(Effect.succeed(answer)), options)
          return Effect.sync(() => leave?.())
        }),
      warm: (context, kept) =>
        Effect.map(Effect.runtime<never>(), (base) => {
          runtime = makeRuntime(base, context, { ...kept, logger: keepsLogs ? RunLog.logger : undefined })
        }),
      find: (id) => {
        const run = runs.find(id)
        const waitsFor = run === undefined ? [] : signals.waitsOf(id)
        return run === undefined || waitsFor.length === 0 ? run : { ...run, waitsFor }
      },
      follow: runs.follow,
      storeSteps: runs.storeSteps,
      alias: (alias, id) => {
        aliases.set(alias, id)
        return () => {
          if (aliases.get(alias) === id) aliases.delete(alias)
        }
      },
      cancel: (id) => runs.interrupt(aliases.get(id) ?? id, "cancelled"),
      pathOf,
      runsInProgress: runs.ids,
      inProgress: runs.size,
      places: () => Math.max(0, maxConcurrency - admission.inFlight() - admission.queued()),
      goOn: (taken) =>
        Effect.map(invocationOf(taken), (invocation) => {
          if (runtime !== undefined) execute({ ...invocation, runtime, slot: admission.enterAgain(), onAnswer: ignore })
        }),
      handOverIdle: Effect.sync(() => {
        isHandingOver = true
        for (const call of runs.all()) if (Continuation.isIdle(call)) Continuation.handOver(call)
      }),
      handOverAll: Effect.sync(() => {
        for (const call of runs.all()) {
          if (call.durable?.lease === undefined) call.fiber?.interrupt({ cause: "shutdown" })
          else Continuation.handOver(call)
        }
      }),
      inFlight: admission.inFlight,
      queued: admission.queued,
      interruptAll: (cause) => Effect.sync(() => runs.interruptAll(cause)),
      idle: runs.idle
    })
  })

// internal

const waiting = InvokeRequest.optionsOf("wait", {})

const ignore = (): void => {}

type OnAnswer = (answer: Response.Response) => void

const answered = (onAnswer: OnAnswer, error: Response.WireError): undefined => {
  onAnswer(Response.ofError(error))
}

const inMaintenance = ({ message, retryAfterSeconds }: Maintenance): ServiceInMaintenance =>
  new ServiceInMaintenance({ message, retryAfterSeconds })

const unrecorded = ValidationIssues.invalidRequest([
  ValidationIssues.make(["skipArtifacts"], "cannot be combined with a stream of elements, which are recorded as events")
])

const draining = new ServiceUnavailable({
  message: "The service is stopping and accepts no more runs; try again in a moment.",
  reason: "draining",
  retryAfterSeconds: 1
})

const starting = new ServiceUnavailable({
  message: "The service is still starting; try again in a moment.",
  reason: "starting",
  retryAfterSeconds: 1
})

const tooManyRuns = new TooManyRuns({
  message: "More runs are in flight and waiting than this service takes; try again in a moment.",
  retryAfterSeconds: 1
})

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
import { ServiceUnavailable, TooManyRuns } from "../../Contract/Errors.js"
import * as Routes from "../../Contract/Routes.js"
import type * as Pipeline from "../../Pipeline.js"
import type { InterruptionCause } from "../../Run.js"
import type * as Settings from "../../Settings.js"
import { Ids } from "../../Store/Ids.js"
import type { Run } from "../../Store/RunStore.js"
import * as SyncOrFiber from "../HotPath/SyncOrFiber.js"
import { NextTurn } from "../HotPath/TickBatcher.js"
import type { Follower } from "./ActiveRun.js"
import * as ActiveRuns from "./ActiveRuns.js"
import * as Admission from "./Admission.js"
import * as InvokeRequest from "./InvokeRequest.js"
import { Metrics } from "./Metrics.js"
import * as Response from "./Response.js"
import * as RunExecutor from "./RunExecutor.js"
import * as RunFailures from "./RunFailures.js"
import { makeRuntime, type RunRuntime } from "./RunFiber.js"
import * as RunOutcome from "./RunOutcome.js"
import type { RunRecorder } from "./RunRecorder.js"
import type { Parsed } from "./SafeJson.js"

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
    ) => RunExecutor.OnDisconnect | undefined
    /** Sets the warm state of runs, which are refused before. */
    readonly warm: (context: Context.Context<never>) => Effect.Effect<void>
    /** A run in progress, with the steps it has so far. */
    readonly find: (id: string) => Run | undefined
    /** Follows a run until the returned function is called; `undefined` if it is not in progress. */
    readonly follow: (id: string, follower: Follower) => (() => void) | undefined
    /** Interrupts a run as cancelled; false if it is not in progress. */
    readonly cancel: (id: string) => boolean
    /** The path of a run. */
    readonly pathOf: (runId: string) => string
    /** The number of runs in progress. */
    readonly inFlight: () => number
    /** The number of runs that wait for a place. */
    readonly queued: () => number
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
    /** Refuses runs from now on. */
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
  return {
    phase: () => phase,
    ready: Effect.sync(() => {
      if (phase === "starting") phase = "ready"
    }),
    drain: Effect.sync(() => {
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
): Effect.Effect<Context.Tag.Service<Invocation>, never, Ids | Lifecycle | Metrics | RunRecorder> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const lifecycle = yield* Lifecycle
    const metrics = yield* Metrics
    const syncOrFiber = SyncOrFiber.make(yield* Effect.runtime<never>())
    const { maxConcurrency, maxQueue } = options.serving
    const admission = Admission.make({ maxConcurrency, maxQueue, clock: yield* Effect.clock, defer: yield* NextTurn })
    const decode = InvokeRequest.decoder(pipeline)
    const runs = ActiveRuns.make()
    const { run: pattern } = Routes.paths(options.serving)
    const pathOf = (id: string) => pattern.replace(":id", id)
    const execute = yield* RunExecutor.make({ ...options, pipeline, admission, runs, syncOrFiber, pathOf })
    let runtime: RunRuntime | undefined

    const open = (): RunRuntime | ServiceUnavailable => {
      const phase = lifecycle.phase()
      if (phase === "draining") return draining
      return phase === "starting" || runtime === undefined ? starting : runtime
    }
    const admit = (
      runtime: RunRuntime,
      request: InvokeRequest.InvokeRequest,
      onAnswer: OnAnswer,
      options: InvokeRequest.InvokeOptions
    ) => {
      const slot = admission.enter()
      if (slot !== undefined) return execute({ runtime, request, options, slot, onAnswer })
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
    const call: Context.Tag.Service<Invocation>["call"] = (body, onAnswer, options = InvokeRequest.optionsOf.wait) => {
      const opened = open()
      if (opened instanceof ServiceUnavailable) return answered(onAnswer, opened)
      let isDecoded = false
      let isLeft = false
      let leave: RunExecutor.OnDisconnect | undefined
      syncOrFiber(
        () => decode(body),
        (decoded) => {
          isDecoded = true
          if (isLeft) return
          if (Exit.isFailure(decoded)) refuse(decoded.cause, onAnswer)
          else leave = admit(opened, decoded.value, onAnswer, options)
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
      warm: (context) =>
        Effect.map(Effect.runtime<never>(), (base) => {
          runtime = makeRuntime(base, context)
        }),
      find: runs.find,
      follow: runs.follow,
      cancel: (id) => runs.interrupt(id, "cancelled"),
      pathOf,
      inFlight: admission.inFlight,
      queued: admission.queued,
      interruptAll: (cause) => Effect.sync(() => runs.interruptAll(cause)),
      idle: runs.idle
    })
  })

// internal

type OnAnswer = (answer: Response.Response) => void

const answered = (onAnswer: OnAnswer, error: Response.WireError): undefined => {
  onAnswer(Response.ofError(error))
}

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

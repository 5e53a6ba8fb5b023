/**
 * The one way a pipeline is invoked over HTTP: parsed body in, status and JSON out. It knows no HTTP library, so both
 * ways into the service (the typed API and the hot route in front of it) share it.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { ServiceUnavailable, TooManyRuns } from "../../Contract/Errors.js"
import * as Routes from "../../Contract/Routes.js"
import type * as Pipeline from "../../Pipeline.js"
import type { InterruptionCause } from "../../Run.js"
import type * as Settings from "../../Settings.js"
import { Ids } from "../../Store/Ids.js"
import type { Run } from "../../Store/RunStore.js"
import { NextTurn } from "../HotPath/NextTurn.js"
import * as SyncOrFiber from "../HotPath/SyncOrFiber.js"
import type { Follower } from "./ActiveRun.js"
import * as ActiveRuns from "./ActiveRuns.js"
import * as Admission from "./Admission.js"
import * as InvokeRequest from "./InvokeRequest.js"
import { Lifecycle } from "./Lifecycle.js"
import { Metrics } from "./Metrics.js"
import * as Response from "./Response.js"
import * as ResponseMode from "./ResponseMode.js"
import type { InvokeOptions } from "./RunContext.js"
import * as RunExecutor from "./RunExecutor.js"
import * as RunFailures from "./RunFailures.js"
import * as RunOutcome from "./RunOutcome.js"
import type { RunRecorder } from "./RunRecorder.js"
import * as RunRuntime from "./RunRuntime.js"
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
    /**
     * Runs the pipeline once and answers. It never fails; interrupting it means that the client went away, which
     * interrupts the run and records it as `disconnected`.
     */
    readonly invoke: (body: Parsed, manner?: InvokeOptions) => Effect.Effect<Response.Response>
    /**
     * The same without a fiber, for the path of every request: hears the answer once. What it gives back is to be called
     * when the client goes away; nothing when that makes no difference any more.
     */
    readonly call: (
      body: Parsed,
      onAnswer: (answer: Response.Response) => void,
      manner?: InvokeOptions
    ) => RunExecutor.OnDisconnect | undefined
    /** Gives runs the warm state; before that they are refused. */
    readonly warm: (context: Context.Context<never>) => Effect.Effect<void>
    /** A run that goes, as it stands. */
    readonly find: (id: string) => Run | undefined
    /** Has somebody hear what happens in a run from now on; what it gives back ends that. Nothing when it does not go. */
    readonly follow: (id: string, follower: Follower) => (() => void) | undefined
    /** Interrupts a run that goes as cancelled; says whether there is one. */
    readonly cancel: (id: string) => boolean
    /** The path of a run. */
    readonly pathOf: (runId: string) => string
    /** Runs that hold a place. */
    readonly inFlight: () => number
    /** Runs that wait for one. */
    readonly queued: () => number
    /** Asks every run that goes to stop. */
    readonly interruptAll: (cause: InterruptionCause) => Effect.Effect<void>
    /** Waits until no run goes and each is stored. */
    readonly idle: Effect.Effect<void>
  }
>() {}

/**
 * Makes it for a pipeline. Runs are refused until it was given the warm state.
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
    const eventually = SyncOrFiber.make(yield* Effect.runtime<never>())
    const { maxConcurrency, maxQueue } = options.serving
    const admission = Admission.make({ maxConcurrency, maxQueue, clock: yield* Effect.clock, defer: yield* NextTurn })
    const decode = InvokeRequest.decoder(pipeline)
    const runs = ActiveRuns.make()
    const { run: pattern } = Routes.paths(options.serving)
    const pathOf = (id: string) => pattern.replace(":id", id)
    const perform = yield* RunExecutor.make({ ...options, pipeline, admission, runs, eventually, pathOf })
    let runtime: RunRuntime.RunRuntime | undefined

    const open = (): RunRuntime.RunRuntime | ServiceUnavailable => {
      const phase = lifecycle.phase()
      if (phase === "draining") return draining
      return phase === "starting" || runtime === undefined ? starting : runtime
    }
    const admit = (
      runtime: RunRuntime.RunRuntime,
      request: InvokeRequest.InvokeRequest,
      onAnswer: OnAnswer,
      manner: InvokeOptions
    ) => {
      const place = admission.enter()
      if (place !== undefined) return perform({ runtime, request, manner, place, onAnswer })
      metrics.shed()
      return answered(onAnswer, tooManyRuns)
    }
    const refuse = (cause: Cause.Cause<Response.WireError>, onAnswer: OnAnswer) => {
      const error = Option.getOrUndefined(Cause.failureOption(cause))
      if (error !== undefined) return onAnswer(Response.ofError(error))
      eventually(
        () => RunOutcome.internalError(ids, RunFailures.render(cause)),
        Exit.map((internal) => onAnswer(Response.ofError(internal)))
      )
    }
    const call: Context.Tag.Service<Invocation>["call"] = (body, onAnswer, manner = ResponseMode.manners.wait) => {
      const opened = open()
      if (opened instanceof ServiceUnavailable) return answered(onAnswer, opened)
      let isDecoded = false
      let isLeft = false
      let leave: RunExecutor.OnDisconnect | undefined
      eventually(
        () => decode(body),
        (decoded) => {
          isDecoded = true
          if (isLeft) return
          if (Exit.isFailure(decoded)) refuse(decoded.cause, onAnswer)
          else leave = admit(opened, decoded.value, onAnswer, manner)
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
      invoke: (body, manner) =>
        Effect.async((resume) => {
          const leave = call(body, (answer) => resume(Effect.succeed(answer)), manner)
          return Effect.sync(() => leave?.())
        }),
      warm: (context) =>
        Effect.map(Effect.runtime<never>(), (base) => {
          runtime = RunRuntime.make(base, context)
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
  message: "The service is stopping and takes no more runs; try again in a moment.",
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

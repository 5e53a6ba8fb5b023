/**
 * The one way a pipeline is invoked over HTTP: parsed body in, status and JSON out. It knows no HTTP library, so every
 * path into the service (the typed API, a faster one in front of it) shares it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import { type InvalidRequest, ServiceUnavailable, TooManyRuns } from "../Errors/Http.js"
import { Ids } from "../Ids.js"
import type * as Pipeline from "../Pipeline.js"
import type { InterruptionCause } from "../Run.js"
import type * as Settings from "../Settings.js"
import type { Run } from "../Store/RunStore.js"
import * as ActiveRun from "./ActiveRun.js"
import * as Admission from "./Admission.js"
import * as Answer from "./Answer.js"
import * as Failures from "./Failures.js"
import * as InvokeRequest from "./InvokeRequest.js"
import { Lifecycle } from "./Lifecycle.js"
import { Metrics } from "./Metrics.js"
import * as Outcome from "./Outcome.js"
import * as RunFiber from "./RunFiber.js"
import * as RunRecorder from "./RunRecorder.js"

/**
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
    readonly invoke: (body: unknown) => Effect.Effect<Answer.Answer>
    /** Gives runs the warm state; before that they are refused. */
    readonly warm: (context: Context.Context<never>) => Effect.Effect<void>
    /** A run that goes, as it stands. */
    readonly find: (id: string) => Run | undefined
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
 * Makes the invocation of a pipeline.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  pipeline: Pipeline.Any,
  options: { readonly identity: Outcome.Identity; readonly serving: Settings.Serving }
): Effect.Effect<Context.Tag.Service<Invocation>, never, Ids | Lifecycle | Metrics | RunRecorder.RunRecorder> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const lifecycle = yield* Lifecycle
    const metrics = yield* Metrics
    const admission = Admission.make(options.serving)
    const decode = InvokeRequest.decoder(pipeline)
    const runs = registry()
    const perform = yield* performer(pipeline, options, runs)
    let runtime: Runtime.Runtime<never> | undefined

    const attempt = Effect.fnUntraced(function* (body: unknown) {
      const phase = lifecycle.phase()
      if (phase === "draining") return yield* draining
      if (phase === "starting" || runtime === undefined) return yield* starting
      const request = yield* decode(body)
      const place = admission.enter()
      if (place === undefined) {
        metrics.shed()
        return yield* tooManyRuns
      }
      return yield* perform(runtime, request, place)
    })

    return Invocation.of({
      invoke: (body) =>
        attempt(body).pipe(
          Effect.catchAll((error: InvalidRequest | ServiceUnavailable | TooManyRuns) =>
            Effect.succeed(Answer.ofError(error))
          ),
          Effect.catchAllDefect((defect) =>
            Effect.map(Outcome.internalError(ids, Failures.renderDefect(defect)), Answer.ofError)
          )
        ),
      warm: (context) =>
        Effect.map(Effect.runtime<never>(), (base) => {
          runtime = Runtime.make({
            context: Context.merge(base.context, context),
            runtimeFlags: RuntimeFlags.enable(base.runtimeFlags, RuntimeFlags.Interruption),
            fiberRefs: base.fiberRefs
          })
        }),
      find: runs.find,
      inFlight: admission.inFlight,
      queued: admission.queued,
      interruptAll: (cause) => Effect.sync(() => runs.interruptAll(cause)),
      idle: runs.idle
    })
  })

// internal

const maxTimeoutMillis = 2 ** 31 - 1

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

interface Going {
  readonly run: ActiveRun.ActiveRun
  readonly fiber: RunFiber.RunFiber
}

interface Registry {
  readonly add: (going: Going) => void
  readonly remove: (id: string) => void
  readonly find: (id: string) => Run | undefined
  readonly interruptAll: (cause: InterruptionCause) => void
  readonly idle: Effect.Effect<void>
}

const registry = (): Registry => {
  const going = new Map<string, Going>()
  const idlers: Array<() => void> = []
  return {
    add: (one) => going.set(one.run.id, one),
    remove: (id) => {
      going.delete(id)
      if (going.size === 0) for (const resume of idlers.splice(0)) resume()
    },
    find: (id) => going.get(id)?.run.snapshot(),
    interruptAll: (cause) => {
      for (const { fiber } of going.values()) fiber.interrupt({ cause })
    },
    idle: Effect.async<void>((resume) => {
      if (going.size === 0) return resume(Effect.void)
      idlers.push(() => resume(Effect.void))
    })
  }
}

type Perform = (
  runtime: Runtime.Runtime<never>,
  request: InvokeRequest.InvokeRequest,
  place: Admission.Place
) => Effect.Effect<Answer.Answer, ServiceUnavailable>

const performer = (
  pipeline: Pipeline.Any,
  options: { readonly identity: Outcome.Identity; readonly serving: Settings.Serving },
  runs: Registry
): Effect.Effect<Perform, never, Ids | Metrics | RunRecorder.RunRecorder> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const metrics = yield* Metrics
    const recorder = yield* RunRecorder.RunRecorder
    const judge = Outcome.judge(pipeline, options.identity, ids)

    const accept = Effect.fnUntraced(function* (request: InvokeRequest.InvokeRequest, isQueued: boolean) {
      const id = yield* ids.next
      const index = yield* recorder.nextIndex
      const run = yield* ActiveRun.make({
        id,
        index,
        name: request.runName ?? `${pipeline.name}-${index}`,
        deploymentName: options.identity.deploymentName,
        parameters: request.parametersUsed,
        skipArtifacts: request.skipArtifacts,
        isQueued,
        onMessage: recorder.offerMessage
      })
      // Once a write has failed no run starts before its beginning could be stored. A run that only waits is not
      // offered: nobody could tell after a crash that it never began.
      if (!(yield* recorder.isHealthy)) yield* recorder.commit(run.snapshot())
      else if (!isQueued) yield* recorder.offer(run.snapshot())
      return run
    })

    const program = (run: ActiveRun.ActiveRun, place: Admission.Place, parameters: unknown) => {
      const body = Effect.suspend(() => pipeline.program(parameters))
      if (!place.isWaiting) return body
      const begin = Effect.suspend(() => {
        run.begin()
        return recorder.offer(run.snapshot())
      })
      return place.ready.pipe(Effect.zipRight(begin), Effect.zipRight(body))
    }

    const settle = Effect.fnUntraced(function* ({ fiber, run }: Going, parametersUsed: unknown) {
      const exit = yield* fiber.exit
      const { answer, ending } = yield* judge({ run, exit, interruption: fiber.interruption(), parametersUsed })
      const record = run.end(ending)
      metrics.ended(ending.status, record.executionTimeMillis ?? 0)
      const stored = yield* Effect.exit(recorder.commit(record))
      runs.remove(run.id)
      if (Exit.isSuccess(stored)) return answer
      yield* Effect.logError(`Run ${run.id} ended as ${ending.status} but could not be stored.`)
      return yield* RunRecorder.unavailable
    })

    return (runtime, request, place) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const run = yield* Effect.onError(accept(request, place.isWaiting), () => Effect.sync(place.release))
          const fiber = RunFiber.start(runtime, {
            listener: run.listener,
            program: program(run, place, request.parameters),
            onEnd: place.release
          })
          runs.add({ run, fiber })
          if (!fiber.hasEnded()) {
            const callOff = fiber.startDeadline(deadline(request, options.serving))
            const waited = yield* Effect.exit(restore(fiber.exit))
            if (Exit.isFailure(waited)) fiber.interrupt({ cause: "disconnected" })
            yield* fiber.exit
            callOff()
          }
          return yield* settle({ run, fiber }, request.parametersUsed)
        })
      )
  })

const deadline = (request: InvokeRequest.InvokeRequest, serving: Settings.Serving): number =>
  Math.min(request.timeoutMillis ?? serving.requestTimeoutMillis, maxTimeoutMillis)

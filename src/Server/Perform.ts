/**
 * One run from its acceptance to its answer: recorded, started, awaited, judged, stored, answered.
 *
 * **Details**
 *
 * Written with callbacks because every request comes through here: the pipeline's program is then the only fiber of a
 * run, and waiting for the store in another would cost a quarter of the throughput.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Runtime from "effect/Runtime"
import { Ids } from "../Ids.js"
import type * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"
import * as ActiveRun from "./ActiveRun.js"
import type * as Admission from "./Admission.js"
import * as Answer from "./Answer.js"
import type { Eventually } from "./Eventually.js"
import * as Failures from "./Failures.js"
import type { GoingRuns } from "./GoingRuns.js"
import type * as InvokeRequest from "./InvokeRequest.js"
import { Metrics } from "./Metrics.js"
import * as Outcome from "./Outcome.js"
import * as RunFiber from "./RunFiber.js"
import * as RunRecorder from "./RunRecorder.js"

/**
 * What was asked for and is answered once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Asked {
  readonly runtime: Runtime.Runtime<never>
  readonly request: InvokeRequest.InvokeRequest
  readonly place: Admission.Place
  readonly onAnswer: (answer: Answer.Answer) => void
}

/**
 * Performs a run. What it gives back is to be called when the caller goes away; it does nothing once the run has ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Perform = (asked: Asked) => () => void

/**
 * What the runs of a pipeline share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly pipeline: Pipeline.Any
  readonly identity: Outcome.Identity
  readonly serving: Settings.Serving
  readonly runs: GoingRuns
  readonly eventually: Eventually
}

/**
 * Makes the performer of a pipeline's runs.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Perform, never, Ids | Metrics | RunRecorder.RunRecorder> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const kit: Kit = {
      ...options,
      ids,
      clock: yield* Effect.clock,
      metrics: yield* Metrics,
      recorder: yield* RunRecorder.RunRecorder,
      judge: Outcome.judge(options.pipeline, options.identity, ids)
    }
    return (asked) => {
      let call: Call | undefined
      let isLeft = false
      kit.eventually(kit.recorder.nextIndex, (index) => {
        const { onAnswer, place, request, runtime } = asked
        const run = accept(
          kit,
          asked,
          Exit.getOrElse(index, () => 1)
        )
        call = { runtime, request, place, onAnswer, run, fiber: undefined, isLeft }
        recordBeginning(kit, call)
      })
      return () => {
        isLeft = true
        if (call !== undefined) leave(call)
      }
    }
  })

// internal

interface Kit extends Options {
  readonly ids: Context.Tag.Service<Ids>
  readonly clock: Clock.Clock
  readonly metrics: Context.Tag.Service<Metrics>
  readonly recorder: Context.Tag.Service<RunRecorder.RunRecorder>
  readonly judge: ReturnType<typeof Outcome.judge>
}

interface Call extends Asked {
  readonly run: ActiveRun.ActiveRun
  fiber: RunFiber.RunFiber | undefined
  isLeft: boolean
}

const accept = (
  { clock, identity, ids, pipeline, recorder }: Kit,
  { place, request }: Asked,
  index: number
): ActiveRun.ActiveRun =>
  new ActiveRun.ActiveRun({
    clock,
    id: ids.unsafeNext(),
    index,
    name: request.runName ?? `${pipeline.name}-${index}`,
    deploymentName: identity.deploymentName,
    parameters: request.parametersUsed,
    skipArtifacts: request.skipArtifacts,
    isQueued: place.isWaiting,
    onMessage: recorder.offerMessage
  })

/** Once a write has failed no run starts before its beginning could be stored. */
const recordBeginning = (kit: Kit, call: Call): void => {
  if (kit.recorder.isHealthy()) start(kit, call, true)
  else {
    kit.recorder.store(
      call.run.id,
      () => call.run.snapshot(),
      (isStored) => {
        if (isStored) return start(kit, call, false)
        call.place.release()
        call.onAnswer(unavailable)
      }
    )
  }
}

const start = (kit: Kit, call: Call, offersBeginning: boolean): void => {
  const { place, run, runtime } = call
  const fiber = new RunFiber.RunFiber(runtime, run, program(kit, call), place.release)
  call.fiber = fiber
  kit.runs.add({ run, fiber })
  const { exit } = fiber
  if (exit === undefined) accompany(kit, call, fiber, offersBeginning)
  else settle(kit, call, exit)
}

/** What a run that does not end at once needs besides. */
const accompany = (kit: Kit, call: Call, fiber: RunFiber.RunFiber, offersBeginning: boolean): void => {
  const { place, request, run } = call
  // A run that only waits is not offered: nobody could tell after a crash that it never began.
  if (offersBeginning && !place.isWaiting) kit.recorder.offer(run.snapshot())
  if (call.isLeft) fiber.interrupt({ cause: "disconnected" })
  const callOff = fiber.startDeadline(deadline(request, kit.serving))
  fiber.onExit((ended) => {
    callOff()
    settle(kit, call, ended)
  })
}

const program = ({ pipeline, recorder }: Kit, { place, request, run }: Call): Effect.Effect<unknown, unknown> => {
  const body = Effect.suspend(() => pipeline.program(request.parameters))
  if (!place.isWaiting) return body
  const begin = Effect.sync(() => {
    run.begin()
    recorder.offer(run.snapshot())
  })
  return place.ready.pipe(Effect.zipRight(begin), Effect.zipRight(body))
}

const leave = (call: Call): void => {
  call.isLeft = true
  call.fiber?.interrupt({ cause: "disconnected" })
}

const settle = (kit: Kit, call: Call, exit: Exit.Exit<unknown, unknown>): void => {
  const { fiber, request, run } = call
  const ended = { run, exit, interruption: fiber?.interruption, parametersUsed: request.parametersUsed }
  kit.eventually(
    () => kit.judge(ended),
    (judged) => {
      if (Exit.isSuccess(judged)) return store(kit, call, judged.value)
      kit.eventually(
        () => Outcome.broken(kit.ids, run, Failures.render(judged.cause)),
        Exit.map((outcome) => store(kit, call, outcome))
      )
    }
  )
}

/** Stores how the run ended; only then is it answered. */
const store = ({ eventually, metrics, recorder, runs }: Kit, call: Call, { answer, ending }: Outcome.Outcome): void => {
  const { onAnswer, run } = call
  const elapsed = run.elapsedMillis()
  metrics.ended(ending.status, elapsed)
  recorder.store(
    run.id,
    () => run.end(ending, elapsed),
    (isStored) => {
      runs.remove(run.id)
      if (isStored) return onAnswer(answer)
      const log = Effect.logError(`Run ${run.id} ended as ${ending.status} but could not be stored.`)
      eventually(
        () => log,
        () => onAnswer(unavailable)
      )
    }
  )
}

const unavailable = Answer.ofError(RunRecorder.unavailable)

const maxTimeoutMillis = 2 ** 31 - 1

const deadline = (request: InvokeRequest.InvokeRequest, serving: Settings.Serving): number =>
  Math.min(request.timeoutMillis ?? serving.requestTimeoutMillis, maxTimeoutMillis)

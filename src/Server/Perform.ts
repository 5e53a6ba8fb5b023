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
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Ids } from "../Ids.js"
import type * as Settings from "../Settings.js"
import { ActiveRun } from "./ActiveRun.js"
import * as EndOfTurn from "./EndOfTurn.js"
import type * as InvokeRequest from "./InvokeRequest.js"
import { Metrics } from "./Metrics.js"
import * as Outcome from "./Outcome.js"
import type { Asked, Call, Kit, Options } from "./RunCall.js"
import { RunFiber } from "./RunFiber.js"
import * as RunRecorder from "./RunRecorder.js"
import { settle, unavailable } from "./Settle.js"
import * as View from "./View.js"

/**
 * To be called when the caller goes away. It does nothing once the run has ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Leave = () => void

/**
 * Performs a run. Of one that has ended already nobody can take leave.
 *
 * @category models
 * @since 0.1.0
 */
export type Perform = (asked: Asked) => Leave | undefined

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
      judge: Outcome.judge(options.pipeline, options.identity, ids),
      startDeadlineLater: EndOfTurn.each((call) => startDeadline(options, call))
    }
    return (asked) => {
      let call: Call | undefined
      let isLeft = false
      kit.eventually(kit.recorder.nextIndex, (index) => {
        const { manner, onAnswer, place, request, runtime } = asked
        const run = accept(
          kit,
          asked,
          Exit.getOrElse(index, () => 1)
        )
        call = { runtime, request, manner, place, onAnswer, run, fiber: undefined, position: -1, isLeft }
        manner.onAccepted?.(run)
        recordBeginning(kit, call)
      })
      if (asked.manner.isDetached || call?.fiber?.exit !== undefined) return undefined
      return () => {
        isLeft = true
        if (call !== undefined) leave(call)
      }
    }
  })

// internal

const accept = (
  { clock, identity, ids, pipeline, recorder }: Kit,
  { manner, place, request }: Asked,
  index: number
): ActiveRun =>
  new ActiveRun({
    clock,
    id: manner.claim?.runId ?? ids.unsafeNext(),
    index,
    name: request.runName ?? `${pipeline.name}-${index}`,
    deploymentName: identity.deploymentName,
    parameters: request.parametersUsed,
    skipArtifacts: request.skipArtifacts,
    isQueued: place.isWaiting,
    isRecorded: recorder.isRecording,
    onMessage: recorder.offerMessage
  })

/** Once a write has failed no run starts before its beginning could be stored; one that is only accepted never does. */
const recordBeginning = (kit: Kit, call: Call): void => {
  if (call.manner.isDetached) storeBeginning(kit, call, () => detach(kit, call))
  else if (!kit.recorder.isHealthy()) storeBeginning(kit, call, () => {})
  else start(kit, call, true)
}

const storeBeginning = (kit: Kit, call: Call, onStored: () => void): void =>
  kit.recorder.store(
    call.run.id,
    () => call.run.snapshot(),
    (isStored) => {
      if (isStored) {
        onStored()
        return start(kit, call, false)
      }
      // It was refused: tried again later, its beginning would be that of a run which never goes.
      kit.recorder.forget(call.run.id)
      call.place.release()
      call.onAnswer(unavailable())
    }
  )

/** Nobody waits for how it ends. */
const detach = ({ pathOf }: Kit, call: Call): void => {
  const { id } = call.run
  call.onAnswer(View.accepted(id, pathOf(id)))
  call.onAnswer = () => {}
}

const start = (kit: Kit, call: Call, offersBeginning: boolean): void => {
  const { place, run, runtime } = call
  const fiber = new RunFiber(runtime, run, place.release)
  call.fiber = fiber
  kit.runs.add(call)
  if (place.isWaiting) wait(kit, call, fiber)
  else go(kit, call, fiber, offersBeginning)
}

const go = (kit: Kit, call: Call, fiber: RunFiber, offersBeginning: boolean): void => {
  call.run.begin()
  fiber.start(program(kit, call))
  const elapsedMillis = call.run.elapsedMillis()
  kit.admission.computed(elapsedMillis)
  if (fiber.exit === undefined) {
    if (offersBeginning) kit.recorder.offer(call.run.snapshot())
    startDeadline(kit, call)
    accompany(kit, call, fiber)
  } else settle(kit, call, fiber.exit, elapsedMillis)
}

/** A run that only waits is not recorded: nobody could tell after a crash that it never began. */
const wait = (kit: Kit, call: Call, fiber: RunFiber): void => {
  const { place, run } = call
  kit.startDeadlineLater(call)
  accompany(kit, call, fiber)
  place.onReady(() => {
    run.begin()
    fiber.start(program(kit, call))
    if (fiber.exit === undefined) kit.recorder.offer(run.snapshot())
  })
}

const accompany = (kit: Kit, call: Call, fiber: RunFiber): void => {
  if (call.isLeft) fiber.interrupt({ cause: "disconnected" })
  fiber.onExit((ended) => settle(kit, call, ended, call.run.elapsedMillis()))
}

const startDeadline = ({ serving }: Pick<Kit, "serving">, { fiber, request, run }: Call): void =>
  fiber?.startDeadline(deadline(request, serving), run.elapsedMillis())

const program = ({ pipeline }: Kit, { request }: Call): Effect.Effect<unknown, unknown> => {
  try {
    return pipeline.program(request.parameters)
  } catch (defect) {
    return Exit.die(defect)
  }
}

const leave = (call: Call): void => {
  call.isLeft = true
  call.fiber?.interrupt({ cause: "disconnected" })
}

const maxTimeoutMillis = 2 ** 31 - 1

const deadline = (request: InvokeRequest.InvokeRequest, serving: Settings.Serving): number =>
  Math.min(request.timeoutMillis ?? serving.requestTimeoutMillis, maxTimeoutMillis)

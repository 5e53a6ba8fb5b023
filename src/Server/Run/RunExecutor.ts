/**
 * One run from its acceptance to its answer: recorded, started, awaited, judged, stored, answered.
 *
 * **Details**
 *
 * Written with callbacks because every request comes through here: the pipeline's program is then the only fiber of a
 * run, and waiting for the store in another would cost a quarter of the throughput.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Settings from "../../Settings.js"
import { Ids } from "../../Store/Ids.js"
import { NextTurn } from "../HotPath/NextTurn.js"
import * as TickBatcher from "../HotPath/TickBatcher.js"
import { ActiveRun } from "./ActiveRun.js"
import type * as InvokeRequest from "./InvokeRequest.js"
import { Metrics } from "./Metrics.js"
import * as ResponseMode from "./ResponseMode.js"
import { settle, unavailable } from "./RunCompletion.js"
import type { Call, InvocationRequest, Options, RunnerContext } from "./RunContext.js"
import { RunFiber } from "./RunFiber.js"
import * as RunOutcome from "./RunOutcome.js"
import * as RunRecorder from "./RunRecorder.js"

/** To be called when the caller goes away. It does nothing once the run has ended. */
export type OnDisconnect = () => void

/** Performs a run. Of one that has ended already nobody can take leave. */
export type ExecuteRun = (asked: InvocationRequest) => OnDisconnect | undefined

/** Makes the performer of a pipeline's runs. */
export const make = (options: Options): Effect.Effect<ExecuteRun, never, Ids | Metrics | RunRecorder.RunRecorder> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const kit: RunnerContext = {
      ...options,
      ids,
      clock: yield* Effect.clock,
      metrics: yield* Metrics,
      recorder: yield* RunRecorder.RunRecorder,
      judge: RunOutcome.judge(options.pipeline, options.identity, ids),
      startDeadlineLater: TickBatcher.each((call) => startDeadline(options, call), yield* NextTurn)
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
  { clock, identity, ids, pipeline, recorder }: RunnerContext,
  { manner, place, request }: InvocationRequest,
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
const recordBeginning = (kit: RunnerContext, call: Call): void => {
  if (call.manner.isDetached) storeBeginning(kit, call, () => detach(kit, call))
  else if (!kit.recorder.isHealthy()) storeBeginning(kit, call, () => {})
  else start(kit, call, true)
}

const storeBeginning = (kit: RunnerContext, call: Call, onStored: () => void): void =>
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
const detach = ({ pathOf }: RunnerContext, call: Call): void => {
  const { id } = call.run
  call.onAnswer(ResponseMode.accepted(id, pathOf(id)))
  call.onAnswer = () => {}
}

const start = (kit: RunnerContext, call: Call, offersBeginning: boolean): void => {
  const { place, run, runtime } = call
  const fiber = new RunFiber(runtime, run, place.release)
  call.fiber = fiber
  kit.runs.add(call)
  if (place.isWaiting) wait(kit, call, fiber)
  else go(kit, call, fiber, offersBeginning)
}

const go = (kit: RunnerContext, call: Call, fiber: RunFiber, offersBeginning: boolean): void => {
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
const wait = (kit: RunnerContext, call: Call, fiber: RunFiber): void => {
  const { place, run } = call
  kit.startDeadlineLater(call)
  accompany(kit, call, fiber)
  place.onReady(() => {
    run.begin()
    fiber.start(program(kit, call))
    if (fiber.exit === undefined) kit.recorder.offer(run.snapshot())
  })
}

const accompany = (kit: RunnerContext, call: Call, fiber: RunFiber): void => {
  if (call.isLeft) fiber.interrupt({ cause: "disconnected" })
  fiber.onExit((ended) => settle(kit, call, ended, call.run.elapsedMillis()))
}

const startDeadline = ({ serving }: Pick<RunnerContext, "serving">, { fiber, request, run }: Call): void =>
  fiber?.startDeadline(deadline(request, serving), run.elapsedMillis())

const program = ({ pipeline }: RunnerContext, { request }: Call): Effect.Effect<unknown, unknown> => {
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

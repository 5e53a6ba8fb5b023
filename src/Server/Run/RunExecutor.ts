/**
 * One run from its acceptance to its answer: recorded, started, awaited, judged, stored, answered.
 *
 * Written with callbacks, because every request passes here: the pipeline's program is the only fiber of a run, and another
 * one that waits for the store would cost a quarter of the throughput.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { memoize } from "../../Internal/Memoize.js"
import type * as Pipeline from "../../Pipeline.js"
import type * as Settings from "../../Settings.js"
import { Ids } from "../../Store/Ids.js"
import type { SyncOrFiber } from "../HotPath/SyncOrFiber.js"
import * as TickBatcher from "../HotPath/TickBatcher.js"
import { ActiveRun } from "./ActiveRun.js"
import type { ActiveRuns, Going } from "./ActiveRuns.js"
import type * as Admission from "./Admission.js"
import type * as InvokeRequest from "./InvokeRequest.js"
import { Metrics } from "./Metrics.js"
import * as Response from "./Response.js"
import * as RunFailures from "./RunFailures.js"
import { RunFiber, type RunRuntime } from "./RunFiber.js"
import * as RunOutcome from "./RunOutcome.js"
import * as RunRecorder from "./RunRecorder.js"

/** A request that was admitted, and the function that takes its only answer. */
export interface InvocationRequest {
  readonly runtime: RunRuntime
  readonly request: InvokeRequest.InvokeRequest
  readonly options: InvokeRequest.InvokeOptions
  readonly slot: Admission.Slot
  readonly onAnswer: (answer: Response.Response) => void
}

/** The state that the runs of a pipeline share. */
export interface Options {
  readonly pipeline: Pipeline.Any
  readonly identity: RunOutcome.Identity
  readonly serving: Settings.Serving
  readonly runs: ActiveRuns
  readonly admission: Admission.Admission
  readonly syncOrFiber: SyncOrFiber
  /** The path of a run. */
  readonly pathOf: (runId: string) => string
}

/** Call it when the caller disconnects. It has no effect on a run that has ended. */
export type OnDisconnect = () => void

/** Executes a run. Returns `undefined` for a run that has ended already or continues without its caller. */
export type ExecuteRun = (invocation: InvocationRequest) => OnDisconnect | undefined

/** Makes the executor of a pipeline's runs. */
export const make = (options: Options): Effect.Effect<ExecuteRun, never, Ids | Metrics | RunRecorder.RunRecorder> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const context: RunnerContext = {
      ...options,
      ids,
      clock: yield* Effect.clock,
      metrics: yield* Metrics,
      recorder: yield* RunRecorder.RunRecorder,
      judge: RunOutcome.judge(options.pipeline, options.identity, ids),
      startDeadlineLater: TickBatcher.each((call) => startDeadline(options, call), yield* TickBatcher.NextTurn)
    }
    return (invocation) => {
      let call: Call | undefined
      let isLeft = false
      context.syncOrFiber(context.recorder.nextIndex, (index) => {
        const { onAnswer, options, request, runtime, slot } = invocation
        const run = accept(
          context,
          invocation,
          Exit.getOrElse(index, () => 1)
        )
        call = { runtime, request, options, slot, onAnswer, run, fiber: undefined, position: -1, isLeft }
        options.onAccepted?.(run)
        recordBeginning(context, call)
      })
      if (invocation.options.isDetached || call?.fiber?.exit !== undefined) return undefined
      return () => {
        isLeft = true
        if (call !== undefined) leave(call)
      }
    }
  })

// internal

/** The context of all runs. */
interface RunnerContext extends Options {
  readonly ids: Context.Tag.Service<Ids>
  readonly clock: Clock.Clock
  readonly metrics: Context.Tag.Service<Metrics>
  readonly recorder: Context.Tag.Service<RunRecorder.RunRecorder>
  readonly judge: ReturnType<typeof RunOutcome.judge>
  /** Starts the deadline of a run that is still in progress at the end of the turn: a timer costs more than a quick run. */
  readonly startDeadlineLater: (call: Call) => void
}

/** A run in progress. */
interface Call extends InvocationRequest, Going {
  onAnswer: InvocationRequest["onAnswer"]
  fiber: RunFiber | undefined
  isLeft: boolean
}

const accept = (
  { clock, identity, ids, pipeline, recorder }: RunnerContext,
  { options, slot, request }: InvocationRequest,
  index: number
): ActiveRun =>
  new ActiveRun({
    clock,
    id: options.claim?.runId ?? ids.unsafeNext(),
    index,
    name: request.runName ?? `${pipeline.name}-${index}`,
    deploymentName: identity.deploymentName,
    parameters: request.parametersUsed,
    skipArtifacts: request.skipArtifacts,
    isQueued: slot.isWaiting,
    isRecorded: recorder.isRecording,
    onMessage: recorder.offerMessage
  })

/** After a failed write a run starts only when its beginning is stored. A detached run always starts so. */
const recordBeginning = (context: RunnerContext, call: Call): void => {
  if (call.options.isDetached) storeBeginning(context, call, () => detach(context, call))
  else if (!context.recorder.isHealthy()) storeBeginning(context, call, () => {})
  else start(context, call, true)
}

const storeBeginning = (context: RunnerContext, call: Call, onStored: () => void): void =>
  context.recorder.store(
    call.run.id,
    () => call.run.snapshot(),
    (isStored) => {
      if (isStored) {
        onStored()
        return start(context, call, false)
      }
      // The run is refused, so a later retry must not store its beginning.
      context.recorder.forget(call.run.id)
      call.slot.release()
      call.onAnswer(unavailable())
    }
  )

/** Answers the caller, which does not wait for the end of the run. */
const detach = ({ pathOf }: RunnerContext, call: Call): void => {
  const { id } = call.run
  call.onAnswer(Response.accepted(id, pathOf(id)))
  call.onAnswer = () => {}
}

const start = (context: RunnerContext, call: Call, offersBeginning: boolean): void => {
  const { slot, run, runtime } = call
  const fiber = new RunFiber(runtime, run, slot.release)
  call.fiber = fiber
  context.runs.add(call)
  if (slot.isWaiting) wait(context, call, fiber)
  else go(context, call, fiber, offersBeginning)
}

const go = (context: RunnerContext, call: Call, fiber: RunFiber, offersBeginning: boolean): void => {
  call.run.begin()
  fiber.start(program(context, call))
  const elapsedMillis = call.run.elapsedMillis()
  context.admission.computed(elapsedMillis)
  if (fiber.exit === undefined) {
    if (offersBeginning) context.recorder.offer(call.run.snapshot())
    startDeadline(context, call)
    accompany(context, call, fiber)
  } else settle(context, call, fiber.exit, elapsedMillis)
}

/** A run that waits is not recorded: after a crash its record would look like one of a run that had started. */
const wait = (context: RunnerContext, call: Call, fiber: RunFiber): void => {
  const { slot, run } = call
  context.startDeadlineLater(call)
  accompany(context, call, fiber)
  slot.onReady(() => {
    run.begin()
    fiber.start(program(context, call))
    if (fiber.exit === undefined) context.recorder.offer(run.snapshot())
  })
}

const accompany = (context: RunnerContext, call: Call, fiber: RunFiber): void => {
  if (call.isLeft) fiber.interrupt({ cause: "disconnected" })
  fiber.onExit((ended) => settle(context, call, ended, call.run.elapsedMillis()))
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

/** Answers a run whose fiber has ended. */
const settle = (context: RunnerContext, call: Call, exit: Exit.Exit<unknown, unknown>, elapsedMillis: number): void => {
  const { fiber, request, run } = call
  const { parametersUsed } = request
  const ended = { run, exit, elapsedMillis, interruption: fiber?.interruption, parametersUsed }
  context.syncOrFiber(
    () => context.judge(ended),
    (judged) => {
      if (Exit.isSuccess(judged)) return store(context, call, judged.value, elapsedMillis)
      context.syncOrFiber(
        () => RunOutcome.broken(context.ids, run, RunFailures.render(judged.cause)),
        Exit.map((outcome) => store(context, call, outcome, elapsedMillis))
      )
    }
  )
}

/** Stores the end of the run, then answers it. */
const store = (
  { syncOrFiber, metrics, recorder, runs }: RunnerContext,
  call: Call,
  { answer, ending }: RunOutcome.Outcome,
  elapsedMillis: number
): void => {
  const { run } = call
  metrics.ended(ending.status, elapsedMillis)
  const key = call.options.claim?.key
  if (key !== undefined) {
    recorder.offerMessage({ _tag: "Answer", runId: run.id, key, status: answer.status, body: answer.body })
  }
  recorder.store(
    run.id,
    () => run.end(ending, elapsedMillis),
    (isStored) => {
      runs.remove(call)
      if (isStored) {
        run.finished(() => run.end(ending, elapsedMillis))
        return call.onAnswer(answer)
      }
      const log = Effect.logError(`Run ${run.id} ended as ${ending.status} but could not be stored.`)
      syncOrFiber(
        () => log,
        () => call.onAnswer(unavailable())
      )
    }
  )
}

/** The answer of a run that cannot be stored. */
const unavailable = memoize(() => Response.ofError(RunRecorder.unavailable))

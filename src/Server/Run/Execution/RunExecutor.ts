/**
 * One run from its acceptance to its answer: recorded, started, awaited, judged, stored, answered.
 *
 * Written with callbacks, because every request passes here: the pipeline's program is the only fiber of a run, and another
 * one that waits for the store would cost a quarter of the throughput.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ServiceInMaintenance } from "../../../Contract/Errors.js"
import { Ids } from "../../../Store/Ids.js"
import type { TakenRun } from "../../../Store/RunStore.js"
import * as TickBatcher from "../../HotPath/TickBatcher.js"
import * as BinaryOutput from "../Artifacts/BinaryOutput.js"
import * as CallOperations from "../Durable/CallOperations.js"
import * as Continuation from "../Durable/Continuation.js"
import * as DurableCall from "../Durable/DurableCall.js"
import * as Kept from "../Durable/Kept.js"
import { RunSignals } from "../Durable/RunSignals.js"
import { Metrics } from "../Metrics.js"
import * as RunRecorder from "../Records/RunRecorder.js"
import * as Response from "../Response.js"
import { ActiveRun, type Earlier } from "./ActiveRun.js"
import {
  type Call,
  type ExecuteRun,
  type InvocationRequest,
  type Options,
  type RunnerContext,
  startDeadline
} from "./RunCall.js"
import * as RunFailures from "./RunFailures.js"
import { RunFiber } from "./RunFiber.js"
import * as RunOutcome from "./RunOutcome.js"
import * as RunTrace from "./RunTrace.js"
import * as Subject from "./Subject.js"

/** Makes the executor of a pipeline's runs. */
export const make = (
  options: Options
): Effect.Effect<ExecuteRun, never, Ids | Metrics | RunRecorder.RunRecorder | RunSignals> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const signals = yield* RunSignals
    const context: RunnerContext = {
      ...options,
      ids,
      clock: yield* Effect.clock,
      metrics: yield* Metrics,
      recorder: yield* RunRecorder.RunRecorder,
      subjectOf: Subject.make(options.pipeline).of,
      collect: BinaryOutput.collector(options.pipeline),
      judge: RunOutcome.judge(options.pipeline, { identity: options.identity, limits: options.serving, ids }),
      policy: DurableCall.policyOf(options.serving),
      signals,
      startDeadlineLater: TickBatcher.each((call) => startDeadline(options, call), yield* TickBatcher.NextTurn),
      operationsOf: (run) => CallOperations.operationsOf(context, run)
    }
    context.recorder.onFenced((id) => Continuation.fence(context, id))
    return (invocation) => {
      if (invocation.taken !== undefined) return goOn(context, invocation, invocation.taken)
      let call: Call | undefined
      let isLeft = false
      context.syncOrFiber(context.recorder.nextIndex, (index) => {
        call = accept(
          context,
          invocation,
          Exit.getOrElse(index, () => 1)
        )
        call.isLeft = isLeft
        call.options.onAccepted?.(call.run)
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

const accept = (context: RunnerContext, invocation: InvocationRequest, index: number): Call => {
  const { options, request } = invocation
  const id = options.claim?.runId ?? context.ids.unsafeNext()
  const name = request.runName ?? `${context.subjectOf(request.parameters).name}-${index}`
  const { policy } = context
  const durable =
    policy === undefined || request.skipArtifacts
      ? undefined
      : new DurableCall.DurableCall(policy, id, context.recorder, { kept: options.kept })
  return callOf(context, invocation, { id, index, name }, durable, Kept.earlierOf(context.clock, options.kept))
}

const callOf = (
  { clock, identity, operationsOf, recorder, serving, subjectOf }: RunnerContext,
  { ending, onAnswer, options, request, runtime, session, slot, taken }: InvocationRequest,
  { id, index, name }: Pick<ActiveRun, "id" | "index" | "name">,
  durable: DurableCall.DurableCall | undefined,
  earlier: Earlier | undefined
): Call => {
  const subject = subjectOf(request.parameters)
  const run = new ActiveRun({
    clock,
    id,
    index,
    name,
    deploymentName: identity.deploymentName,
    requestId: options.requestId,
    trace: RunTrace.attributesOf(runtime, options, id, name, subject.name, identity),
    parameters: request.parametersUsed,
    skipArtifacts: request.skipArtifacts,
    isQueued: slot.isWaiting,
    isRecorded: recorder.isRecording,
    recorder: durable?.lease?.fenced ?? recorder,
    caller: options.caller?.id,
    session,
    describe: options.request,
    files: options.files,
    pace: subject.streams ? options.pace : undefined,
    limits: serving,
    // The next process reads the outputs from the record.
    artifacts: durable?.records === undefined ? runtime.artifacts : undefined,
    cache: runtime.cache,
    operations: operationsOf,
    earlier
  })
  if (durable !== undefined) run.storeSteps()
  if (options.isDetached) run.keepRequest()
  options.files?.hold()
  return {
    runtime,
    request,
    options,
    session,
    slot,
    onAnswer,
    run,
    fiber: undefined,
    position: -1,
    isLeft: false,
    earlierMillis: taken === undefined ? 0 : run.elapsedMillis(),
    durable,
    suspension: undefined,
    operations: undefined,
    taken,
    ending
  }
}

/** Goes on with a run that another process accepted, or ends it. */
const goOn = (context: RunnerContext, invocation: InvocationRequest, taken: TakenRun): undefined => {
  const { lines, run, sequence } = taken
  const policy = context.policy ?? DurableCall.abandoned
  const durable = new DurableCall.DurableCall(policy, run.id, context.recorder, { taken })
  const earlier = { startedAt: run.startedAt, steps: run.steps ?? [], sequence, lines }
  const call = callOf(context, invocation, run, durable, earlier)
  if (invocation.ending === undefined) return void start(context, call, true)
  call.slot.release()
  context.runs.add(call)
  store(context, call, RunOutcome.failedWith(invocation.ending), call.run.elapsedMillis())
}

/** After a failed write a run starts only when its beginning is stored. A detached run always starts so. */
const recordBeginning = (context: RunnerContext, call: Call): void => {
  if (call.options.isDetached) storeBeginning(context, call, () => detach(context, call))
  else if (call.durable?.lease !== undefined || !context.recorder.isHealthy()) storeBeginning(context, call, () => {})
  else start(context, call, true)
}

const storeBeginning = (context: RunnerContext, call: Call, onStored: () => void): void => {
  call.durable?.begin(DurableCall.requestOf(call.request, call.options))
  offerDelivery(context, call)
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
      goneOf(call)()
      call.onAnswer(Response.ofError(context.recorder.refusal()))
    }
  )
}

/** Answers the caller, which does not wait for the end of the run. */
const detach = ({ pathOf }: RunnerContext, call: Call): void => {
  const { id } = call.run
  call.onAnswer(Response.accepted(id, pathOf(id)))
  call.onAnswer = () => {}
}

const start = (context: RunnerContext, call: Call, offersBeginning: boolean): void => {
  const { slot, runtime } = call
  const fiber = new RunFiber(runtime, CallOperations.listenerOf(context, call), goneOf(call))
  call.fiber = fiber
  context.runs.add(call)
  if (slot.isWaiting) wait(context, call, fiber)
  else go(context, call, fiber, offersBeginning)
}

/** Called when no fiber of the run is left. */
const goneOf =
  ({ run, slot }: Call): (() => void) =>
  () => {
    slot.release()
    run.files?.remove()
  }

const go = (context: RunnerContext, call: Call, fiber: RunFiber, offersBeginning: boolean): void => {
  call.run.begin()
  fiber.start(program(context, call))
  const elapsedMillis = call.run.elapsedMillis()
  context.admission.computed(elapsedMillis)
  if (fiber.exit === undefined) {
    if (offersBeginning) offer(context, call)
    startDeadline(context, call)
    accompany(context, call, fiber)
  } else settle(context, call, fiber.exit, elapsedMillis)
}

/** A run that waits is not recorded: after a crash its record would look like one of a run that had started. */
const wait = (context: RunnerContext, call: Call, fiber: RunFiber): void => {
  const { slot, run } = call
  context.startDeadlineLater(call)
  accompany(context, call, fiber)
  slot.onReady(
    () => {
      run.begin()
      fiber.start(program(context, call))
      if (fiber.exit === undefined) offer(context, call)
    },
    isAcknowledged(call) || call.durable?.lease !== undefined
      ? undefined
      : (error) => refuse(context, call, fiber, error)
  )
}

const offer = (context: RunnerContext, call: Call): void => {
  if (!context.recorder.isRecording) return
  call.durable?.lease?.fence()
  context.recorder.offer(call.run.snapshot())
  offerDelivery(context, call)
}

/** The delivery of a webhook of the caller, beside each record that may be the first one. */
const offerDelivery = ({ recorder }: RunnerContext, { options: { webhook }, run }: Call): void => {
  if (webhook !== undefined) recorder.offerPart({ _tag: "Delivery", runId: run.id, webhook: "caller", url: webhook })
}

/** True if the caller knows that its run was accepted: it has the id of the run, or reads its events. */
const isAcknowledged = ({ options }: Call): boolean =>
  options.isDetached || (options.onAccepted !== undefined && options.claim === undefined)

/** Answers a run that waits with an error. It leaves no record, as if it had been refused at once. */
const refuse = ({ runs }: RunnerContext, call: Call, fiber: RunFiber, error: ServiceInMaintenance): void => {
  fiber.discard()
  runs.remove(call)
  call.run.lost()
  call.onAnswer(Response.ofError(error))
}

const accompany = (context: RunnerContext, call: Call, fiber: RunFiber): void => {
  if (call.isLeft) fiber.interrupt({ cause: "disconnected" })
  fiber.onExit((ended) => settle(context, call, ended, call.run.elapsedMillis()))
}

const program = (context: RunnerContext, call: Call): Effect.Effect<unknown, unknown> => {
  const { trace } = call.run
  const own = programOf(context, call)
  return trace === undefined
    ? own
    : RunTrace.spanned(own, trace, call.options.parent, () => call.fiber?.interruption?.cause)
}

const programOf = (
  { collect, pathOf, pipeline }: RunnerContext,
  { durable, request, run, runtime }: Call
): Effect.Effect<unknown, unknown> => {
  try {
    const program = pipeline.program(request.parameters)
    const own = collect?.(program, { run, keep: runtime.keepFile, path: pathOf(run.id) }) ?? program
    return durable === undefined ? own : DurableCall.program(durable, own)
  } catch (defect) {
    return Exit.die(defect)
  }
}

const leave = (call: Call): void => {
  call.isLeft = true
  call.fiber?.interrupt({ cause: "disconnected" })
}

/** Answers a run whose fiber has ended. */
const settle = (context: RunnerContext, call: Call, exit: Exit.Exit<unknown, unknown>, elapsedMillis: number): void => {
  const { fiber, request, run } = call
  if (call.durable?.isGone === true && Exit.isFailure(exit) && Cause.isInterrupted(exit.cause)) {
    Continuation.leaveToNext(context, call, call.durable)
    return
  }
  const { parameters, parametersUsed } = request
  const subject = context.subjectOf(parameters).name
  const ended = { run, subject, exit, elapsedMillis, interruption: fiber?.interruption, parametersUsed }
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
  context: RunnerContext,
  call: Call,
  { answer, artifact, ending }: RunOutcome.Outcome,
  elapsedMillis: number
): void => {
  const { metrics, recorder, runs, syncOrFiber } = context
  const { run } = call
  metrics.ended(ending.status, elapsedMillis)
  const response = ending.status === "succeeded" ? run.response : undefined
  if (response !== undefined && !run.options.skipArtifacts) {
    recorder.offerPart({ _tag: "Response", runId: run.id, response })
  }
  if (artifact !== undefined) {
    recorder.offerPart({ _tag: "Artifact", runId: run.id, step: BinaryOutput.artifactName, artifact })
  }
  const key = call.options.claim?.key
  if (key !== undefined) {
    const { body, status } = answer
    recorder.offerPart({ _tag: "Answer", runId: run.id, key, status, body, headers: response?.headers })
  }
  offerDelivery(context, call)
  call.durable?.lease?.fence()
  recorder.store(
    run.id,
    () => run.end(ending, elapsedMillis),
    (isStored) => {
      if (!isStored && call.durable?.isFenced === true) return Continuation.goneTo(runs, call)
      runs.remove(call)
      if (isStored) {
        run.finished(() => run.end(ending, elapsedMillis))
        return call.onAnswer(Response.timed(answer, elapsedMillis, millisBetween(elapsedMillis, run.elapsedMillis())))
      }
      run.lost()
      const log = Effect.logError(`Run ${run.id} ended as ${ending.status} but could not be stored.`)
      syncOrFiber(
        () => log,
        () => call.onAnswer(Response.ofError(recorder.refusal()))
      )
    }
  )
}

/** Down to a microsecond. The difference of two fractions has more digits than either. */
const millisBetween = (earlier: number, later: number): number => Math.round((later - earlier) * 1_000) / 1_000

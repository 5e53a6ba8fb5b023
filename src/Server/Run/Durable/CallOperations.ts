/** The listener of a run and its operations, which may suspend it. */
import type { RunListener, RunOperations } from "../../../Run.js"
import type { ActiveRun } from "../Execution/ActiveRun.js"
import { type Call, type RunnerContext, startDeadline } from "../Execution/RunCall.js"
import { handOver } from "./Continuation.js"
import { DurableListener } from "./DurableListener.js"
import * as Operations from "./Operations.js"
import { SignalCursor } from "./SignalCursor.js"
import { Suspension } from "./Suspension.js"

/** The listener of a run: the run itself, if it needs no other. */
export const listenerOf = (context: RunnerContext, call: Call): RunListener => {
  const { durable, run } = call
  if (durable === undefined) return run
  durable.listener = new DurableListener(
    {
      run,
      records: durable.records,
      suspension: suspensionOf(context, call),
      signals: context.signals,
      cursor: durable.cursor,
      storesEachStep: durable.policy.storesEachStep,
      isGone: () => durable.isGone
    },
    0
  )
  return durable.listener
}

/** The operations of a run without a listener of its own. */
export const operationsOf = (context: RunnerContext, run: ActiveRun): RunOperations => {
  const call = context.runs.all().find((call) => call.run === run)
  if (call === undefined) return Operations.detached
  call.operations ??= Operations.make({
    run,
    records: undefined,
    suspension: suspensionOf(context, call),
    signals: context.signals,
    cursor: new SignalCursor(),
    parent: 0,
    // Until the program pauses for the first time, only its own fiber runs.
    isOwn: (fiber) => call.fiber?.fiber === undefined || call.fiber.fiber === fiber
  })
  return call.operations
}

// internal

const suspensionOf = (context: RunnerContext, call: Call): Suspension => {
  call.suspension ??= new Suspension({
    elapsedMillis: () => call.run.elapsedMillis(),
    stopDeadline: () => call.fiber?.stopDeadline(),
    startDeadline: () => startDeadline(context, call),
    leavePlace: () => call.slot.release(),
    enter: () => {
      call.slot = context.admission.enterAgain()
      call.fiber?.replaceOnGone(call.slot.release)
      return call.slot
    },
    onSuspended: () => {
      if (context.isHandingOver()) handOver(call)
    }
  })
  return call.suspension
}

/** Runs that go on in another process. */
import { RunContinues } from "../../../Contract/Errors.js"
import type { ActiveRuns } from "../Execution/ActiveRuns.js"
import type { Call, RunnerContext } from "../Execution/RunCall.js"
import * as Response from "../Response.js"
import type { DurableCall } from "./DurableCall.js"

/** True for a run that does not work now, and whose caller does not wait for its start. */
export const isIdle = ({ options, run, suspension }: Call): boolean =>
  suspension?.isSuspended === true || (options.isDetached && !run.hasBegun)

/** Interrupts a run that goes on in the next process. */
export const handOver = (call: Call): void => {
  if (call.durable?.lease === undefined || call.durable.isGone) return
  call.durable.isGone = true
  call.fiber?.interrupt({ cause: "shutdown" })
}

/** Interrupts a run that another process has taken. */
export const fence = ({ runs }: RunnerContext, id: string): void => {
  const call = runs.all().find(({ run }) => run.id === id)
  if (call?.durable === undefined) return
  call.durable.isGone = true
  call.durable.isFenced = true
  call.fiber?.interrupt({ cause: "lost" })
}

/** Releases a run whose fiber has ended. A fiber that ignores its interruption keeps its run until the process ends. */
export const leaveToNext = ({ recorder, runs }: RunnerContext, call: Call, { isFenced, lease }: DurableCall): void => {
  const { fiber, run } = call
  if (isFenced || fiber?.isRunning === true) {
    goneTo(runs, call)
    return
  }
  lease?.release()
  recorder.store(
    run.id,
    () => run.snapshot(),
    () => goneTo(runs, call)
  )
}

/** Answers the caller of a run that goes on in another process. */
export const goneTo = (runs: ActiveRuns<Call>, call: Call): void => {
  runs.remove(call)
  call.run.continued()
  call.onAnswer(Response.ofError(continues(call.run.id)))
}

// internal

const continues = (runId: string): RunContinues =>
  new RunContinues({
    message: `The service stops, and run ${runId} goes on in the next process; its record will have the result.`,
    runId
  })

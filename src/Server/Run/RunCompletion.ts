/** The end of a run: judged, stored, answered. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { memoize } from "../../Internal/Memoize.js"
import * as Response from "./Response.js"
import type { Call, RunnerContext } from "./RunContext.js"
import * as RunFailures from "./RunFailures.js"
import * as RunOutcome from "./RunOutcome.js"
import * as RunRecorder from "./RunRecorder.js"

/** What a run is answered with that cannot be stored. */
export const unavailable: () => Response.Response = memoize(() => Response.ofError(RunRecorder.unavailable))

/** Answers a run whose fiber has ended. */
export const settle = (
  kit: RunnerContext,
  call: Call,
  exit: Exit.Exit<unknown, unknown>,
  elapsedMillis: number
): void => {
  const { fiber, request, run } = call
  const { parametersUsed } = request
  const ended = { run, exit, elapsedMillis, interruption: fiber?.interruption, parametersUsed }
  kit.eventually(
    () => kit.judge(ended),
    (judged) => {
      if (Exit.isSuccess(judged)) return store(kit, call, judged.value, elapsedMillis)
      kit.eventually(
        () => RunOutcome.broken(kit.ids, run, RunFailures.render(judged.cause)),
        Exit.map((outcome) => store(kit, call, outcome, elapsedMillis))
      )
    }
  )
}

// internal

/** Stores how the run ended; only then is it answered. */
const store = (
  { eventually, metrics, recorder, runs }: RunnerContext,
  call: Call,
  { answer, ending }: RunOutcome.Outcome,
  elapsedMillis: number
): void => {
  const { run } = call
  metrics.ended(ending.status, elapsedMillis)
  const key = call.manner.claim?.key
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
      eventually(
        () => log,
        () => call.onAnswer(unavailable())
      )
    }
  )
}

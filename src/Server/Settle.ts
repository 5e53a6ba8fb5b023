/**
 * The end of a run: judged, stored, answered.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { lazily } from "../Lazily.js"
import * as Answer from "./Answer.js"
import * as Failures from "./Failures.js"
import * as Outcome from "./Outcome.js"
import type { Call, Kit } from "./RunCall.js"
import * as RunRecorder from "./RunRecorder.js"

/**
 * What a run is answered with that cannot be stored.
 *
 * @category constants
 * @since 0.1.0
 */
export const unavailable: () => Answer.Answer = lazily(() => Answer.ofError(RunRecorder.unavailable))

/**
 * Answers a run whose fiber has ended.
 *
 * @category running
 * @since 0.1.0
 */
export const settle = (kit: Kit, call: Call, exit: Exit.Exit<unknown, unknown>, elapsedMillis: number): void => {
  const { fiber, request, run } = call
  const { parametersUsed } = request
  const ended = { run, exit, elapsedMillis, interruption: fiber?.interruption, parametersUsed }
  kit.eventually(
    () => kit.judge(ended),
    (judged) => {
      if (Exit.isSuccess(judged)) return store(kit, call, judged.value, elapsedMillis)
      kit.eventually(
        () => Outcome.broken(kit.ids, run, Failures.render(judged.cause)),
        Exit.map((outcome) => store(kit, call, outcome, elapsedMillis))
      )
    }
  )
}

// internal

/** Stores how the run ended; only then is it answered. */
const store = (
  { eventually, metrics, recorder, runs }: Kit,
  call: Call,
  { answer, ending }: Outcome.Outcome,
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

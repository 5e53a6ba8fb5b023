/**
 * One run while it goes: its state, its steps as they start and end, and the messages it publishes.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ParseResult from "effect/ParseResult"
import type { InterruptionCause, RunListener, StepCall } from "../Run.js"
import type { Run, RunWrite, StepRun } from "../Store/RunStore.js"
import * as Failures from "./Failures.js"

/**
 * How a run ended, in the words of its record.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ending {
  readonly status: "succeeded" | "failed" | "interrupted"
  readonly cause?: InterruptionCause | undefined
  readonly outputs?: unknown
  readonly error?: unknown
}

/**
 * A run that goes.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActiveRun {
  readonly id: string
  readonly index: number
  readonly name: string
  /** What steps and `Run.publish` talk to. */
  readonly listener: RunListener
  /** Milliseconds since the run was accepted. */
  readonly elapsedMillis: () => number
  /** The run as it stands, with the steps it has so far. */
  readonly snapshot: () => Run
  /** Leaves the queue. */
  readonly begin: () => void
  /** Ends the run and answers its final record. Steps that are still open count as interrupted. */
  readonly end: (ending: Ending) => Run
}

/**
 * What a run starts with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly id: string
  readonly index: number
  readonly name: string
  readonly deploymentName: string
  readonly parameters: unknown
  readonly isQueued: boolean
  /** Records only statuses and times. */
  readonly skipArtifacts: boolean
  readonly onMessage: (message: Extract<RunWrite, { readonly _tag: "Message" }>) => Effect.Effect<void>
}

/**
 * Starts the record of a run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<ActiveRun> =>
  Effect.map(Effect.clock, (clock) => {
    const watch = stopwatch(clock)
    const steps: Array<MutableStep> = []
    let status: Run["status"] = options.isQueued ? "queued" : "running"
    const base = {
      id: options.id,
      index: options.index,
      name: options.name,
      parameters: options.skipArtifacts ? {} : options.parameters,
      startedAt: watch.startedAt
    }
    return {
      id: options.id,
      index: options.index,
      name: options.name,
      listener: listener(options, clock, steps),
      elapsedMillis: watch.elapsedMillis,
      snapshot: () => ({ ...base, status, steps: steps.map((step) => step.snapshot()) }),
      begin: () => {
        status = "running"
      },
      end: (ending) => {
        for (const step of steps) if (step.isOpen()) step.end({ status: "interrupted", attempts: 1 })
        return {
          ...base,
          ...finished(watch, ending, options.skipArtifacts),
          ...(ending.cause === undefined ? {} : { cause: ending.cause }),
          status: ending.status,
          steps: steps.map((step) => step.snapshot())
        }
      }
    }
  })

// internal

interface StepEnding {
  readonly status: StepRun["status"]
  readonly attempts: number
  readonly outputs?: unknown
  readonly error?: unknown
}

interface MutableStep {
  readonly isOpen: () => boolean
  readonly end: (ending: StepEnding) => void
  readonly snapshot: () => StepRun
}

interface Stopwatch {
  readonly startedAt: DateTime.Utc
  readonly elapsedMillis: () => number
}

const stopwatch = (clock: Clock.Clock): Stopwatch => {
  const startedAt = DateTime.unsafeMake(clock.unsafeCurrentTimeMillis())
  const startedNanos = clock.unsafeCurrentTimeNanos()
  return {
    startedAt,
    elapsedMillis: () => Math.max(0, Math.round(Number(clock.unsafeCurrentTimeNanos() - startedNanos) / 1e6))
  }
}

const finished = (
  watch: Stopwatch,
  data: { readonly outputs?: unknown; readonly error?: unknown },
  skipArtifacts: boolean
): Pick<Run, "finishedAt" | "executionTimeMillis" | "outputs" | "error"> => {
  const executionTimeMillis = watch.elapsedMillis()
  return {
    finishedAt: DateTime.add(watch.startedAt, { millis: executionTimeMillis }),
    executionTimeMillis,
    ...(data.outputs === undefined || skipArtifacts ? {} : { outputs: data.outputs }),
    ...(data.error === undefined ? {} : { error: skipArtifacts ? Failures.tagOnly(data.error) : data.error })
  }
}

const makeStep = (name: string, clock: Clock.Clock, skipArtifacts: boolean): MutableStep => {
  const watch = stopwatch(clock)
  let record: StepRun = { name, status: "running", attempts: 1, startedAt: watch.startedAt }
  return {
    isOpen: () => record.status === "running",
    end: (ending) => {
      record = {
        name,
        status: ending.status,
        attempts: ending.attempts,
        startedAt: watch.startedAt,
        ...finished(watch, ending, skipArtifacts)
      }
    },
    snapshot: () => record
  }
}

const listener = (options: Options, clock: Clock.Clock, steps: Array<MutableStep>): RunListener => {
  const calls = new Map<string, number>()
  let sequence = 0
  return {
    info: { id: options.id, name: options.name, deploymentName: options.deploymentName },
    stepStarted: (call) =>
      Effect.sync(() => {
        const count = (calls.get(call.step) ?? 0) + 1
        calls.set(call.step, count)
        const name = count === 1 ? call.step : `${call.step}#${count}`
        const step = makeStep(name, clock, options.skipArtifacts)
        steps.push(step)
        return { ended: (exit, attempts) => endStep(call, step, exit, attempts, options.skipArtifacts) }
      }),
    published: (data) =>
      Effect.suspend(() => {
        if (!Failures.isJson(data)) return Effect.dieMessage("Run.publish was given a value that has no JSON form.")
        if (options.skipArtifacts) return Effect.void
        sequence++
        return options.onMessage({
          _tag: "Message",
          runId: options.id,
          sequence,
          at: clock.unsafeCurrentTimeMillis(),
          data: data ?? null
        })
      })
  }
}

const endStep = (
  call: StepCall,
  step: MutableStep,
  exit: Exit.Exit<unknown, unknown>,
  attempts: number,
  skipArtifacts: boolean
): Effect.Effect<void> => {
  if (Exit.isFailure(exit)) {
    return Effect.map(Failures.ofStep(call, exit.cause), (failure) => step.end({ ...failure, attempts }))
  }
  if (skipArtifacts) return Effect.sync(() => step.end({ status: "succeeded", attempts }))
  return Effect.matchEffect(Failures.encodeJson(ParseResult.encodeUnknown(call.output)(exit.value)), {
    onSuccess: (outputs) => Effect.sync(() => step.end({ status: "succeeded", attempts, outputs })),
    onFailure: (reason) =>
      Effect.zipRight(
        Effect.sync(() => step.end({ status: "failed", attempts, error: Failures.notEncodable })),
        Effect.dieMessage(`The output of step "${call.step}" does not fit its schema: ${reason}`)
      )
  })
}

/**
 * One run while it goes: its state, its steps as they start and end, and the messages it publishes.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { InterruptionCause, RunListener } from "../Run.js"
import * as EncodedJson from "../Store/EncodedJson.js"
import type { Run, RunWrite } from "../Store/RunStore.js"
import * as ActiveStep from "./ActiveStep.js"
import * as Failures from "./Failures.js"
import * as Stopwatch from "./Stopwatch.js"

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
  readonly clock: Clock.Clock
  readonly id: string
  readonly index: number
  readonly name: string
  readonly deploymentName: string
  readonly parameters: unknown
  readonly isQueued: boolean
  /** Records only statuses and times. */
  readonly skipArtifacts: boolean
  readonly onMessage: (message: Message) => void
}

/**
 * Starts the record of a run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): ActiveRun => {
  const { clock, id, index, name, skipArtifacts } = options
  const watch = Stopwatch.start(clock)
  const steps: Array<ActiveStep.ActiveStep> = []
  let status: Run["status"] = options.isQueued ? "queued" : "running"
  const startedAt = DateTime.unsafeMake(watch.startedMillis)
  const parameters = skipArtifacts ? {} : options.parameters
  return {
    id,
    index,
    name,
    listener: listener(options, steps),
    elapsedMillis: watch.elapsedMillis,
    snapshot: () => ({ id, index, name, parameters, startedAt, status, steps: steps.map((step) => step.snapshot()) }),
    begin: () => {
      status = "running"
    },
    end: ({ cause, error, outputs, status }) => {
      for (const step of steps) step.interrupt()
      const executionTimeMillis = watch.elapsedMillis()
      return {
        id,
        index,
        name,
        parameters,
        startedAt,
        finishedAt: DateTime.unsafeMake(watch.startedMillis + executionTimeMillis),
        executionTimeMillis,
        ...(outputs === undefined || skipArtifacts ? undefined : { outputs }),
        ...(error === undefined ? undefined : { error: skipArtifacts ? Failures.tagOnly(error) : error }),
        ...(cause === undefined ? undefined : { cause }),
        status,
        steps: steps.map((step) => step.snapshot())
      }
    }
  }
}

// internal

type Message = Extract<RunWrite, { readonly _tag: "Message" }>

const listener = (options: Options, steps: Array<ActiveStep.ActiveStep>): RunListener => {
  const calls = new Map<string, number>()
  let sequence = 0
  return {
    info: { id: options.id, name: options.name, deploymentName: options.deploymentName },
    stepStarted: (call) => {
      const count = (calls.get(call.step) ?? 0) + 1
      calls.set(call.step, count)
      const step = ActiveStep.make(call, count === 1 ? call.step : `${call.step}#${count}`, options)
      steps.push(step)
      return step
    },
    published: (data) =>
      Effect.suspend(() => {
        if (!Failures.isJson(data)) return Effect.dieMessage("Run.publish was given a value that has no JSON form.")
        if (options.skipArtifacts) return Effect.void
        sequence++
        options.onMessage({
          _tag: "Message",
          runId: options.id,
          sequence,
          at: options.clock.unsafeCurrentTimeMillis(),
          data: EncodedJson.encode(data) ?? null
        })
        return Effect.void
      })
  }
}

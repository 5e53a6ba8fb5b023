/**
 * One call of a step while it goes, and its record.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type { StepCall, StepObserver } from "../Run.js"
import type { EncodedJson } from "../Store/EncodedJson.js"
import type { StepRun } from "../Store/RunStore.js"
import * as Codec from "./Codec.js"
import * as Eventually from "./Eventually.js"
import * as Failures from "./Failures.js"
import * as Stopwatch from "./Stopwatch.js"

/**
 * A call of a step.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActiveStep extends StepObserver {
  /** The record as it stands. */
  readonly snapshot: () => StepRun
  /** Ends the record, unless it has ended. */
  readonly interrupt: () => void
}

/**
 * Starts the record of a call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  call: StepCall,
  name: string,
  options: { readonly clock: Clock.Clock; readonly skipArtifacts: boolean }
): ActiveStep => {
  const watch = Stopwatch.start(options.clock)
  const startedAt = DateTime.unsafeMake(watch.startedMillis)
  let record: StepRun = { name, status: "running", attempts: 1, startedAt }
  const end: End = ({ attempts, error, outputs, status }) => {
    const executionTimeMillis = watch.elapsedMillis()
    record = {
      name,
      status,
      attempts,
      startedAt,
      finishedAt: DateTime.unsafeMake(watch.startedMillis + executionTimeMillis),
      executionTimeMillis,
      ...(outputs === undefined ? undefined : { outputs }),
      ...(error === undefined ? undefined : { error: options.skipArtifacts ? Failures.tagOnly(error) : error })
    }
  }
  return {
    snapshot: () => record,
    interrupt: () => {
      if (record.status === "running") end({ status: "interrupted", attempts: 1 })
    },
    ended: (exit, attempts) => {
      if (exit._tag === "Failure") return failed(call, exit, attempts, end)
      if (options.skipArtifacts) return Effect.succeed(end({ status: "succeeded", attempts }))
      return succeeded(call, exit.value, attempts, end)
    }
  }
}

// internal

interface Ending {
  readonly status: StepRun["status"]
  readonly attempts: number
  readonly outputs?: EncodedJson | undefined
  readonly error?: unknown
}

type End = (ending: Ending) => void

const failed = (
  call: StepCall,
  { cause }: Exit.Failure<unknown, unknown>,
  attempts: number,
  end: End
): Effect.Effect<void> => Effect.map(Failures.ofStep(call, cause), (failure) => end({ ...failure, attempts }))

const succeeded = (call: StepCall, value: unknown, attempts: number, end: End): Effect.Effect<void> => {
  const encoded = encoderOf(call)(value)
  if (Eventually.isEither(encoded) && Either.isRight(encoded)) {
    return Effect.succeed(end({ status: "succeeded", attempts, outputs: encoded.right }))
  }
  return Effect.matchEffect(encoded, {
    onSuccess: (outputs) => Effect.sync(() => end({ status: "succeeded", attempts, outputs })),
    onFailure: (reason) => {
      end({ status: "failed", attempts, error: Failures.notEncodable })
      return Effect.dieMessage(`The output of step "${call.step}" does not fit its schema: ${reason}`)
    }
  })
}

const encoders = new WeakMap<StepCall, ReturnType<typeof Codec.jsonEncoder>>()

/** A step gives the same description with every call. */
const encoderOf = (call: StepCall) => {
  const known = encoders.get(call)
  if (known !== undefined) return known
  const encoder = Codec.jsonEncoder(call.output)
  encoders.set(call, encoder)
  return encoder
}

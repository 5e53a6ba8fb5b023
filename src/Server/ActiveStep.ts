/**
 * One call of a step while it goes, and its record.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type { Mutable } from "effect/Types"
import type { StepCall, StepObserver } from "../Run.js"
import type { EncodedJson } from "../Store/EncodedJson.js"
import type { StepRun } from "../Store/RunStore.js"
import * as Acceptance from "./Acceptance.js"
import * as Codec from "./Codec.js"
import * as Eventually from "./Eventually.js"
import * as Failures from "./Failures.js"
import * as Moments from "./Moments.js"

/**
 * A call of a step. A class, as whatever is made for every run or step: closures would cost more than what they do.
 *
 * @category models
 * @since 0.1.0
 */
export class ActiveStep implements StepObserver {
  readonly #startedNanos: bigint
  readonly #startedMillis: number
  #ending: Ending | undefined

  constructor(
    readonly call: StepCall,
    readonly name: string,
    readonly options: { readonly clock: Clock.Clock; readonly skipArtifacts: boolean }
  ) {
    this.#startedNanos = options.clock.unsafeCurrentTimeNanos()
    this.#startedMillis = options.clock.unsafeCurrentTimeMillis()
  }

  /** The record as it stands. */
  snapshot(): StepRun {
    const startedAt = Moments.at(this.#startedMillis)
    const ending = this.#ending
    if (ending === undefined) return { name: this.name, status: "running", attempts: 1, startedAt }
    const { attempts, error, executionTimeMillis, outputs, status } = ending
    const finishedAt = Moments.at(this.#startedMillis + executionTimeMillis)
    const record: Mutable<StepRun> = { name: this.name, status, attempts, startedAt, finishedAt, executionTimeMillis }
    if (outputs !== undefined) record.outputs = outputs
    if (error !== undefined) record.error = this.options.skipArtifacts ? Failures.tagOnly(error) : error
    return record
  }

  /** Ends the record, unless it has ended. */
  interrupt(): void {
    if (this.#ending === undefined) this.#end({ status: "interrupted", attempts: 1 })
  }

  ended(exit: Exit.Exit<unknown, unknown>, attempts: number): Effect.Effect<void> {
    if (exit._tag === "Failure") {
      return Effect.map(Failures.ofStep(this.call, exit.cause), (failure) => this.#end({ ...failure, attempts }))
    }
    if (!this.options.skipArtifacts) return this.#succeeded(exit.value, attempts)
    this.#end({ status: "succeeded", attempts })
    return Effect.void
  }

  #succeeded(value: unknown, attempts: number): Effect.Effect<void> {
    const encoded = encoderOf(this.call)(value)
    if (Eventually.isEither(encoded) && Either.isRight(encoded)) {
      this.#end({ status: "succeeded", attempts, outputs: encoded.right })
      return Effect.void
    }
    return Effect.matchEffect(encoded, {
      onSuccess: (outputs) => Effect.sync(() => this.#end({ status: "succeeded", attempts, outputs })),
      onFailure: (reason) => {
        this.#end({ status: "failed", attempts, error: Failures.notEncodable })
        return misfit(this.call, reason)
      }
    })
  }

  #end({ attempts, error, outputs, status }: Omit<Ending, "executionTimeMillis">): void {
    const executionTimeMillis = Moments.elapsedMillis(this.options.clock, this.#startedNanos)
    this.#ending = { status, attempts, executionTimeMillis, outputs, error }
  }
}

/**
 * Observes the calls of a step of which nothing is recorded: their outputs have to fit all the same.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unrecorded = (call: StepCall): StepObserver => {
  const known = checks.get(call)
  if (known !== undefined) return known
  const check = checking(call)
  checks.set(call, check)
  return check
}

// internal

const checks = new WeakMap<StepCall, StepObserver>()

const checking = (call: StepCall): StepObserver => {
  const accepts = Acceptance.compile(call.output.ast)
  return {
    ended: (exit) => {
      if (exit._tag === "Failure" || accepts?.(exit.value) === true) return Effect.void
      return Effect.catchAll(Effect.asVoid(encoderOf(call)(exit.value)), (reason) => misfit(call, reason))
    }
  }
}

const misfit = ({ step }: StepCall, reason: string): Effect.Effect<never> =>
  Effect.dieMessage(`The output of step "${step}" does not fit its schema: ${reason}`)

interface Ending {
  readonly status: StepRun["status"]
  readonly attempts: number
  readonly executionTimeMillis: number
  readonly outputs?: EncodedJson | undefined
  readonly error?: unknown
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

/** One call of a step in progress, and its record. */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type { Mutable } from "effect/Types"
import type { EncodedJson } from "../../Internal/EncodedJson.js"
import type { StepCall, StepObserver } from "../../Run.js"
import type { StepRun } from "../../Store/RunStore.js"
import * as CompiledPredicate from "../HotPath/CompiledPredicate.js"
import * as SchemaCodec from "../HotPath/SchemaCodec.js"
import * as SyncOrFiber from "../HotPath/SyncOrFiber.js"
import * as RunFailures from "./RunFailures.js"

/** The run of a step. */
export interface Owner {
  readonly options: { readonly clock: Clock.Clock; readonly skipArtifacts: boolean }
  /** The next position among the run's events. */
  readonly nextSequence: () => number
  readonly stepEnded: (step: ActiveStep) => void
}

/** A call of a step. A class, because every call makes one and closures would cost more than their work. */
export class ActiveStep implements StepObserver {
  readonly startedSequence: number
  readonly #startedNanos: bigint
  readonly #startedMillis: number
  #ending: Ending | undefined

  constructor(
    readonly call: StepCall,
    readonly name: string,
    readonly owner: Owner
  ) {
    const { clock } = owner.options
    this.startedSequence = owner.nextSequence()
    this.#startedNanos = clock.unsafeCurrentTimeNanos()
    this.#startedMillis = clock.unsafeCurrentTimeMillis()
  }

  snapshot(): StepRun {
    const startedAt = timestamp(this.#startedMillis)
    const { name, startedSequence } = this
    const ending = this.#ending
    if (ending === undefined) return { name, status: "running", attempts: 1, startedAt, startedSequence }
    const { attempts, error, executionTimeMillis, finishedSequence, outputs, status } = ending
    const finishedAt = timestamp(this.#startedMillis + executionTimeMillis)
    const record: Mutable<StepRun> = {
      name,
      status,
      attempts,
      startedAt,
      finishedAt,
      executionTimeMillis,
      startedSequence,
      finishedSequence
    }
    if (outputs !== undefined) record.outputs = outputs
    if (error !== undefined) record.error = this.owner.options.skipArtifacts ? RunFailures.tagOnly(error) : error
    return record
  }

  /** Ends the record, unless it has ended. */
  interrupt(): void {
    if (this.#ending === undefined) this.#end({ status: "interrupted", attempts: 1 })
  }

  ended(exit: Exit.Exit<unknown, unknown>, attempts: number): Effect.Effect<void> {
    if (exit._tag === "Failure") {
      return Effect.map(RunFailures.ofStep(this.call, exit.cause), (failure) => this.#end({ ...failure, attempts }))
    }
    if (!this.owner.options.skipArtifacts) return this.#succeeded(exit.value, attempts)
    this.#end({ status: "succeeded", attempts })
    return Effect.void
  }

  #succeeded(value: unknown, attempts: number): Effect.Effect<void> {
    const encoded = encoderOf(this.call)(value)
    if (SyncOrFiber.isEither(encoded) && Either.isRight(encoded)) {
      this.#end({ status: "succeeded", attempts, outputs: encoded.right })
      return Effect.void
    }
    return Effect.matchEffect(encoded, {
      onSuccess: (outputs) => Effect.sync(() => this.#end({ status: "succeeded", attempts, outputs })),
      onFailure: (reason) => {
        this.#end({ status: "failed", attempts, error: RunFailures.notEncodable })
        return misfit(this.call, reason)
      }
    })
  }

  #end({ attempts, error, outputs, status }: Omit<Ending, "executionTimeMillis" | "finishedSequence">): void {
    const executionTimeMillis = elapsedMillis(this.owner.options.clock, this.#startedNanos)
    const finishedSequence = this.owner.nextSequence()
    this.#ending = { status, attempts, executionTimeMillis, finishedSequence, outputs, error }
    this.owner.stepEnded(this)
  }
}

/** Observes calls of a step that are not recorded: it checks only that their outputs fit. */
export const unrecorded = (call: StepCall): StepObserver => {
  const known = checks.get(call)
  if (known !== undefined) return known
  const check = checking(call)
  checks.set(call, check)
  return check
}

/** The UTC time of epoch milliseconds. The last one is reused: most timestamps of a quick run share a millisecond. */
export const timestamp = (millis: number): DateTime.Utc => {
  if (latest.epochMillis !== millis) latest = DateTime.unsafeMake(millis)
  return latest
}

/** The whole milliseconds since a reading of the monotonic clock, which a change of the system time does not affect. */
export const elapsedMillis = (clock: Clock.Clock, sinceNanos: bigint): number =>
  Math.max(0, Math.round(Number(clock.unsafeCurrentTimeNanos() - sinceNanos) / 1e6))

// internal

let latest: DateTime.Utc = DateTime.unsafeMake(0)

const checks = new WeakMap<StepCall, StepObserver>()

const checking = (call: StepCall): StepObserver => {
  const accepts = CompiledPredicate.compile(call.output.ast)
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
  readonly finishedSequence: number
  readonly outputs?: EncodedJson | undefined
  readonly error?: unknown
}

const encoders = new WeakMap<StepCall, ReturnType<typeof SchemaCodec.jsonEncoder>>()

/** Every call of a step has the same description. */
const encoderOf = (call: StepCall) => {
  const known = encoders.get(call)
  if (known !== undefined) return known
  const encoder = SchemaCodec.jsonEncoder(call.output)
  encoders.set(call, encoder)
  return encoder
}

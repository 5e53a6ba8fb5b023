/** One call of a step in progress, and its record. */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Mutable } from "effect/Types"
import type { ArtifactRef } from "../../../Contract/Artifacts.js"
import type { RunLimitExceeded } from "../../../Contract/Errors.js"
import type { CachedFrom } from "../../../Contract/RunRecord.js"
import type { EncodedJson } from "../../../Internal/EncodedJson.js"
import type { StepCall, StepObserver } from "../../../Run.js"
import type { StepCaching } from "../../../Step/Caching.js"
import type { StepRun } from "../../../Store/RunStore.js"
import * as CompiledPredicate from "../../HotPath/CompiledPredicate.js"
import { TooLarge } from "../../HotPath/JsonSize.js"
import * as SchemaCodec from "../../HotPath/SchemaCodec.js"
import * as SyncOrFiber from "../../HotPath/SyncOrFiber.js"
import type { ArtifactKeeper } from "../Artifacts/ArtifactKeeper.js"
import * as RunLimits from "../Limits/RunLimits.js"
import type { StepCache } from "../Records/StepCache.js"
import * as Response from "../Response.js"
import * as RunFailures from "./RunFailures.js"

/** The run of a step. */
export interface Owner {
  readonly id: string
  readonly options: {
    readonly clock: Clock.Clock
    readonly skipArtifacts: boolean
    readonly limits: RunLimits.Limits
    /** Absent if every output is in the record. */
    readonly artifacts: ArtifactKeeper | undefined
    /** Absent if no outputs are used again. */
    readonly cache: StepCache | undefined
  }
  /** Counts what the run records, unless it is too much. */
  readonly record: (json: EncodedJson) => RunLimitExceeded | undefined
  /** The next position among the run's events. */
  readonly nextSequence: () => number
  readonly stepEnded: (step: ActiveStep) => void
}

/** The key of an output, and the time from which it is not used any more. */
export interface CacheWrite {
  readonly key: string
  readonly expiresAt: number | undefined
}

/** A call of a step. A class, because every call makes one and closures would cost more than their work. */
export class ActiveStep implements StepObserver {
  readonly startedSequence: number
  readonly #startedNanos: bigint
  readonly #startedMillis: number
  #ending: Ending | undefined
  #attempts = 1
  /** The digest of its input, in a service that keeps artifacts. */
  inputDigest: string | undefined
  #caching: { readonly write: CacheWrite | undefined; readonly hit: CachedFrom | undefined } | undefined

  constructor(
    readonly call: StepCall,
    readonly name: string,
    /** The position among the steps of the run. */
    readonly position: number,
    readonly owner: Owner,
    /** The position of its start among the run's events, for a call that an earlier process started. */
    startedSequence?: number
  ) {
    const { clock } = owner.options
    this.startedSequence = startedSequence ?? owner.nextSequence()
    this.#startedNanos = clock.unsafeCurrentTimeNanos()
    this.#startedMillis = clock.unsafeCurrentTimeMillis()
  }

  /** The key of its output, if later calls may use it, and the call whose output it used. */
  get caching(): { readonly write: CacheWrite | undefined; readonly hit: CachedFrom | undefined } | undefined {
    return this.#caching
  }

  cached<A, E, R>(caching: StepCaching, input: unknown, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const { cache, clock, skipArtifacts } = this.owner.options
    const key = cache === undefined || skipArtifacts ? Option.none() : cache.keyOf(this.call, caching, input)
    if (cache === undefined || Option.isNone(key)) return body
    return Effect.flatMap(cache.find(this.call, key.value), (found) => {
      const { ttlMillis } = caching
      if (Option.isNone(found)) {
        const expiresAt = ttlMillis === undefined ? undefined : clock.unsafeCurrentTimeMillis() + ttlMillis
        this.#caching = { write: { key: key.value, expiresAt }, hit: undefined }
        return body
      }
      this.#caching = { write: undefined, hit: found.value.from }
      // The key has the step and its code, so the output has its type.
      return Effect.succeed(found.value.value as A)
    })
  }

  /** The place of its output, if it is in the store of artifacts. */
  get artifact(): ArtifactRef | undefined {
    return this.#ending?.artifact
  }

  snapshot(): StepRun {
    const startedAt = timestamp(this.#startedMillis)
    const { name, startedSequence } = this
    const ending = this.#ending
    if (ending === undefined) return { name, status: "running", attempts: this.#attempts, startedAt, startedSequence }
    const { artifact, attempts, error, executionTimeMillis, finishedSequence, outputs, status } = ending
    const finishedAt = timestamp(Math.round(this.#startedMillis + executionTimeMillis))
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
    if (artifact !== undefined) record.artifact = artifact
    if (this.inputDigest !== undefined) record.inputDigest = this.inputDigest
    if (this.#caching?.hit !== undefined) record.cachedFrom = this.#caching.hit
    if (error !== undefined) record.error = error
    return record
  }

  /** Ends the record, unless it has ended. */
  interrupt(): void {
    if (this.#ending === undefined) this.#end({ status: "interrupted", attempts: this.#attempts })
  }

  /** Sets the number of attempts that have started. */
  attempted(attempts: number): void {
    this.#attempts = attempts
  }

  ended(exit: Exit.Exit<unknown, unknown>, attempts: number): Effect.Effect<void> {
    const { limits, skipArtifacts } = this.owner.options
    if (exit._tag === "Failure") {
      return Effect.map(RunFailures.ofStep(this.call, exit.cause, limits.maxErrorBytes), (failure) =>
        this.#failed(failure, attempts)
      )
    }
    if (!skipArtifacts) return this.#succeeded(exit.value, attempts)
    this.#end({ status: "succeeded", attempts })
    return Effect.void
  }

  #failed({ error, status, tag }: RunFailures.StepFailure, attempts: number): void {
    this.#end({ status, attempts, error: error === undefined ? undefined : this.#recordOf(error, tag) })
  }

  #recordOf(error: EncodedJson | TooLarge, tag: string): unknown {
    const { limits, skipArtifacts } = this.owner.options
    if (skipArtifacts) return { _tag: tag }
    const excess =
      error instanceof TooLarge
        ? RunLimits.exceeded(limits, { runId: this.owner.id, limit: "maxErrorBytes", of: tag, actual: error.bytes })
        : this.owner.record(error)
    return excess === undefined ? error : Response.encodeError(excess)
  }

  #succeeded(value: unknown, attempts: number): Effect.Effect<void> {
    const { artifacts, limits } = this.owner.options
    const encoded = encoderOf(this.call)(value, artifacts?.maxBytes ?? limits.maxEventBytes)
    if (SyncOrFiber.isEither(encoded) && Either.isRight(encoded)) return this.#recorded(encoded.right, attempts)
    return Effect.matchEffect(encoded, {
      onSuccess: (outputs) => this.#recorded(outputs, attempts),
      onFailure: (misfit) =>
        misfit instanceof TooLarge ? this.#tooLarge(misfit, attempts) : this.#misfit(misfit, attempts)
    })
  }

  #recorded(outputs: EncodedJson | undefined, attempts: number): Effect.Effect<void> {
    const { artifacts } = this.owner.options
    if (artifacts !== undefined && outputs !== undefined && Buffer.byteLength(outputs.text) > artifacts.aboveBytes) {
      return this.#kept(artifacts, outputs, attempts)
    }
    const excess = outputs === undefined ? undefined : this.owner.record(outputs)
    if (excess !== undefined) return this.#exceeds(excess, attempts)
    this.#end({ status: "succeeded", attempts, outputs })
    return Effect.void
  }

  #kept(artifacts: ArtifactKeeper, outputs: EncodedJson, attempts: number): Effect.Effect<void> {
    return Effect.map(artifacts.keep(outputs), (artifact) => {
      this.#end({ status: "succeeded", attempts, artifact })
    })
  }

  #misfit(reason: string, attempts: number): Effect.Effect<never> {
    this.#end({ status: "failed", attempts, error: RunFailures.notEncodable })
    return misfit(this.call, reason)
  }

  #tooLarge({ bytes }: TooLarge, attempts: number): Effect.Effect<never> {
    const { id, options } = this.owner
    const limit = options.artifacts === undefined ? "maxEventBytes" : "maxArtifactBytes"
    const excess = { runId: id, limit, of: this.name, actual: bytes } as const
    return this.#exceeds(RunLimits.exceeded(options.limits, excess), attempts)
  }

  #exceeds(excess: RunLimitExceeded, attempts: number): Effect.Effect<never> {
    this.#end({ status: "failed", attempts, error: Response.encodeError(excess) })
    return Effect.die(excess)
  }

  #end({ artifact, attempts, error, outputs, status }: Omit<Ending, "executionTimeMillis" | "finishedSequence">): void {
    const executionTimeMillis = elapsedMillis(this.owner.options.clock, this.#startedNanos)
    const finishedSequence = this.owner.nextSequence()
    this.#ending = { status, attempts, executionTimeMillis, finishedSequence, outputs, artifact, error }
    this.owner.stepEnded(this)
  }
}

/** A step of an earlier process. */
export class EarlierStep {
  readonly startedSequence: number | undefined

  constructor(private record: StepRun) {
    this.startedSequence = record.startedSequence
  }

  snapshot(): StepRun {
    return this.record
  }

  /** Ends the record, unless it has ended. */
  interrupt(): void {
    if (this.record.status === "running") this.record = { ...this.record, status: "interrupted" }
  }
}

/** Refuses a call of a step that is over a limit of the run. */
export const refused = (excess: RunLimitExceeded): StepObserver => ({
  handling: { _tag: "Outcome", outcome: Effect.die(excess) },
  ended: () => Effect.void
})

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

/**
 * The milliseconds since a reading of the monotonic clock, down to a microsecond. A change of the system time does not affect
 * them.
 */
export const elapsedMillis = (clock: Clock.Clock, sinceNanos: bigint): number =>
  Math.max(0, Math.round(Number(clock.unsafeCurrentTimeNanos() - sinceNanos) / 1e3) / 1e3)

// internal

let latest: DateTime.Utc = DateTime.unsafeMake(0)

const checks = new WeakMap<StepCall, StepObserver>()

const checking = (call: StepCall): StepObserver => {
  const accepts = CompiledPredicate.compile(call.output.ast)
  return {
    ended: (exit) => {
      if (exit._tag === "Failure" || accepts?.(exit.value) === true) return Effect.void
      const encoded = encoderOf(call)(exit.value, Number.POSITIVE_INFINITY)
      return Effect.catchAll(Effect.asVoid(encoded), (reason) => misfit(call, RunFailures.reasonOf(reason)))
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
  readonly artifact?: ArtifactRef | undefined
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

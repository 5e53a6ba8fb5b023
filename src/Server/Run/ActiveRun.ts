/** One run while it goes: its state, its steps as they start and end, and the messages it publishes. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Mutable } from "effect/Types"
import * as RunEvent from "../../Contract/RunEvent.js"
import * as EncodedJson from "../../Internal/EncodedJson.js"
import type { InterruptionCause, RunInfo, RunListener, StepCall, StepObserver } from "../../Run.js"
import type { Run, RunWrite } from "../../Store/RunStore.js"
import * as Timestamps from "../HotPath/Timestamps.js"
import * as ActiveStep from "./ActiveStep.js"
import * as RunFailures from "./RunFailures.js"

/** How a run ended, in the words of its record. */
export interface Ending {
  readonly status: "succeeded" | "failed" | "interrupted"
  readonly cause?: InterruptionCause | undefined
  readonly outputs?: unknown
  readonly error?: unknown
}

/** What a run starts with. */
export interface Options {
  readonly clock: Clock.Clock
  readonly id: string
  readonly index: number
  readonly name: string
  readonly deploymentName: string
  readonly parameters: unknown
  readonly isQueued: boolean
  /** Whether anything of it will be asked for again. */
  readonly isRecorded: boolean
  /** Records only statuses and times. */
  readonly skipArtifacts: boolean
  readonly onMessage: (message: Message) => void
}

/** Hears what happens in a run, at the moment it happens. */
export type Follower = (event: RunEvent.RunEvent) => void

/** A run that goes. A class, because one is made for every request. */
export class ActiveRun implements RunListener, ActiveStep.Owner {
  readonly #steps: Array<ActiveStep.ActiveStep> = []
  #calls: Map<string, number> | undefined
  readonly #startedNanos: bigint
  readonly #startedMillis: number
  #isQueued: boolean
  #hasBegun = false
  #sequence = RunEvent.firstSequence
  #followers: Set<Follower> | undefined

  constructor(readonly options: Options) {
    this.#startedNanos = options.clock.unsafeCurrentTimeNanos()
    this.#startedMillis = options.clock.unsafeCurrentTimeMillis()
    this.#isQueued = options.isQueued
  }

  get id(): string {
    return this.options.id
  }

  get index(): number {
    return this.options.index
  }

  get name(): string {
    return this.options.name
  }

  get info(): RunInfo {
    const { deploymentName, id, name } = this.options
    return { id, name, deploymentName }
  }

  /** Whether its program was started. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Milliseconds since the run was accepted. */
  elapsedMillis(): number {
    return Timestamps.elapsedMillis(this.options.clock, this.#startedNanos)
  }

  /** The run as it stands, with the steps it has so far. */
  snapshot(): Run {
    return this.#record(this.#isQueued ? "queued" : "running")
  }

  /** Starts, after waiting in the queue or at once. */
  begin(): void {
    this.#isQueued = false
    this.#hasBegun = true
    if (this.#followers !== undefined) this.#tell(RunEvent.started(this.snapshot()))
  }

  /** Has somebody hear what happens from now on; what it gives back ends that. */
  follow(follower: Follower): () => void {
    this.#followers ??= new Set()
    this.#followers.add(follower)
    return () => this.#followers?.delete(follower)
  }

  /** Tells those who follow that it has ended and is stored as it is. */
  finished(record: () => Run): void {
    if (this.#followers !== undefined) this.#tell(RunEvent.finished(record(), this.nextSequence()))
  }

  /** Ends the run and answers its final record. Steps that are still open count as interrupted. */
  end({ cause, error, outputs, status }: Ending, executionTimeMillis: number): Run {
    const { skipArtifacts } = this.options
    for (const step of this.#steps) step.interrupt()
    const record = this.#record(status)
    record.finishedAt = Timestamps.at(this.#startedMillis + executionTimeMillis)
    record.executionTimeMillis = executionTimeMillis
    if (outputs !== undefined && !skipArtifacts) record.outputs = outputs
    if (error !== undefined) record.error = skipArtifacts ? RunFailures.tagOnly(error) : error
    if (cause !== undefined) record.cause = cause
    return record
  }

  stepStarted(call: StepCall): StepObserver {
    if (!this.options.isRecorded && this.#followers === undefined) return ActiveStep.unrecorded(call)
    this.#calls ??= new Map()
    const count = (this.#calls.get(call.step) ?? 0) + 1
    this.#calls.set(call.step, count)
    const step = new ActiveStep.ActiveStep(call, count === 1 ? call.step : `${call.step}#${count}`, this)
    this.#steps.push(step)
    if (this.#followers !== undefined) this.#tell(RunEvent.stepStarted(step.snapshot(), step.startedSequence))
    return step
  }

  nextSequence(): number {
    return ++this.#sequence
  }

  stepEnded(step: ActiveStep.ActiveStep): void {
    if (this.#followers === undefined) return
    const record = step.snapshot()
    this.#tell(RunEvent.stepFinished(record, record.finishedSequence ?? this.#sequence))
  }

  published(data: unknown): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!RunFailures.isJson(data)) return Effect.dieMessage("Run.publish was given a value that has no JSON form.")
      if (!this.options.skipArtifacts) this.#publish(EncodedJson.encode(data) ?? null)
      return Effect.void
    })
  }

  #publish(data: unknown): void {
    const { clock, id, onMessage } = this.options
    const sequence = this.nextSequence()
    onMessage({ _tag: "Message", runId: id, sequence, at: clock.unsafeCurrentTimeMillis(), data })
    if (this.#followers !== undefined) this.#tell(RunEvent.message({ sequence, data }))
  }

  #tell(event: RunEvent.RunEvent): void {
    for (const follower of this.#followers ?? []) follower(event)
  }

  #record(status: Run["status"]): Mutable<Run> {
    const { id, index, name, parameters, skipArtifacts } = this.options
    const startedAt = Timestamps.at(this.#startedMillis)
    const steps = this.#steps.map((step) => step.snapshot())
    return { id, index, name, parameters: skipArtifacts ? {} : parameters, startedAt, status, steps }
  }
}

// internal

type Message = Extract<RunWrite, { readonly _tag: "Message" }>

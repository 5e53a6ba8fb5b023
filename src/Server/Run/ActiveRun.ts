/** A run in progress: its state, its steps as they start and end, and the messages it publishes. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Mutable } from "effect/Types"
import * as RunEvent from "../../Contract/RunEvent.js"
import * as EncodedJson from "../../Internal/EncodedJson.js"
import type { InterruptionCause, RunInfo, RunListener, StepCall, StepObserver } from "../../Run.js"
import type { Run, RunWrite } from "../../Store/RunStore.js"
import * as ActiveStep from "./ActiveStep.js"
import * as RunFailures from "./RunFailures.js"

/** The end of a run, as its record has it. */
export interface Ending {
  readonly status: "succeeded" | "failed" | "interrupted"
  readonly cause?: InterruptionCause | undefined
  readonly outputs?: unknown
  readonly error?: unknown
}

export interface Options {
  readonly clock: Clock.Clock
  readonly id: string
  readonly index: number
  readonly name: string
  readonly deploymentName: string
  readonly parameters: unknown
  readonly isQueued: boolean
  /** False when no record of the run is stored. */
  readonly isRecorded: boolean
  /** Records only statuses and times. */
  readonly skipArtifacts: boolean
  readonly onMessage: (message: Message) => void
}

/** Receives the events of a run at the moment they happen. */
export type Follower = (event: RunEvent.RunEvent) => void

/** A run in progress. A class, because every request makes one. */
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

  /** True once the program has started. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Milliseconds since the run was accepted. */
  elapsedMillis(): number {
    return ActiveStep.elapsedMillis(this.options.clock, this.#startedNanos)
  }

  /** The run with the steps it has so far. */
  snapshot(): Run {
    return this.#record(this.#isQueued ? "queued" : "running")
  }

  /** Marks the run as started. */
  begin(): void {
    this.#isQueued = false
    this.#hasBegun = true
    if (this.#followers !== undefined) this.#emit(RunEvent.started(this.snapshot()))
  }

  /** Calls the follower with every event from now on, until the returned function is called. */
  follow(follower: Follower): () => void {
    this.#followers ??= new Set()
    this.#followers.add(follower)
    return () => this.#followers?.delete(follower)
  }

  /** Sends the last event to the followers, when the end of the run is stored. */
  finished(record: () => Run): void {
    if (this.#followers !== undefined) this.#emit(RunEvent.finished(record(), this.nextSequence()))
  }

  /** Ends the run and returns its final record. Steps in progress count as interrupted. */
  end({ cause, error, outputs, status }: Ending, executionTimeMillis: number): Run {
    const { skipArtifacts } = this.options
    for (const step of this.#steps) step.interrupt()
    const record = this.#record(status)
    record.finishedAt = ActiveStep.timestamp(this.#startedMillis + executionTimeMillis)
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
    if (this.#followers !== undefined) this.#emit(RunEvent.stepStarted(step.snapshot(), step.startedSequence))
    return step
  }

  nextSequence(): number {
    return ++this.#sequence
  }

  stepEnded(step: ActiveStep.ActiveStep): void {
    if (this.#followers === undefined) return
    const record = step.snapshot()
    this.#emit(RunEvent.stepFinished(record, record.finishedSequence ?? this.#sequence))
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
    if (this.#followers !== undefined) this.#emit(RunEvent.message({ sequence, data }))
  }

  #emit(event: RunEvent.RunEvent): void {
    for (const follower of this.#followers ?? []) follower(event)
  }

  #record(status: Run["status"]): Mutable<Run> {
    const { id, index, name, parameters, skipArtifacts } = this.options
    const startedAt = ActiveStep.timestamp(this.#startedMillis)
    const steps = this.#steps.map((step) => step.snapshot())
    return { id, index, name, parameters: skipArtifacts ? {} : parameters, startedAt, status, steps }
  }
}

// internal

type Message = Extract<RunWrite, { readonly _tag: "Message" }>

import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Mutable } from "effect/Types"
import type { RunLimitExceeded } from "../../../Contract/Errors.js"
import * as RunEvent from "../../../Contract/RunEvent.js"
import type { ResponseRefused } from "../../../Errors/Runs.js"
import type { File } from "../../../File.js"
import * as EncodedJson from "../../../Internal/EncodedJson.js"
import type { Attributes } from "../../../Internal/Spans.js"
import * as RunResponse from "../../../Run/Response.js"
import type {
  Emission,
  FileSource,
  LogLine,
  RespondOptions,
  RunInfo,
  RunListener,
  RunOperations,
  RunRequest,
  StepCall,
  StepObserver
} from "../../../Run.js"
import type { Run, StepRun } from "../../../Store/RunStore.js"
import * as JsonSize from "../../HotPath/JsonSize.js"
import { PublishLimit } from "../Events/PublishLimit.js"
import * as RunFiles from "../Files/RunFiles.js"
import * as RunLimits from "../Limits/RunLimits.js"
import { RunLog } from "../Records/RunLog.js"
import type { Earlier, Ending, Follower, Options } from "./ActiveRunOptions.js"
import * as ActiveStep from "./ActiveStep.js"
import * as Emissions from "./Emissions.js"
import * as RunFailures from "./RunFailures.js"

export type { Earlier, Ending, Follower, Options } from "./ActiveRunOptions.js"

/** A run in progress. A class, because every request makes one. */
export class ActiveRun implements RunListener, ActiveStep.Owner {
  readonly #steps: Array<ActiveStep.ActiveStep | ActiveStep.EarlierStep> = []
  #calls: Map<string, number> | undefined
  #startedNanos: bigint
  #startedMillis: number
  #isQueued: boolean
  #hasBegun = false
  #sequence = RunEvent.firstSequence
  #followers: Set<Follower> | undefined
  #storesSteps = false
  #published: PublishLimit | undefined
  #recordedBytes = 0
  #log: RunLog | undefined
  /** True when the run continues in another process. */
  isContinued = false
  #elementBytes = 0
  #request: RunRequest | undefined
  #response: RunResponse.RunResponse | undefined
  #files: RunFiles.RunFiles | undefined

  constructor(readonly options: Options) {
    this.#startedNanos = options.clock.unsafeCurrentTimeNanos()
    this.#startedMillis = options.clock.unsafeCurrentTimeMillis()
    this.#isQueued = options.isQueued
    if (options.earlier !== undefined) this.#goOn(options.earlier)
  }

  get id(): string {
    return this.options.id
  }

  get trace(): Attributes | undefined {
    return this.options.trace
  }

  get caller(): string | undefined {
    return this.options.caller
  }

  get session(): string | undefined {
    return this.options.session
  }

  get request(): RunRequest | undefined {
    this.#request ??= this.options.describe?.()
    return this.#request
  }

  /** Describes the request now, for a run that outlives it. */
  keepRequest(): void {
    void this.request
  }

  /** The response that the pipeline has set so far. */
  get response(): RunResponse.RunResponse | undefined {
    return this.#response
  }

  respond(options: RespondOptions): Either.Either<void, ResponseRefused> {
    return Either.map(RunResponse.merged(this.#response ?? RunResponse.initial, options), (response) => {
      this.#response = response
    })
  }

  /** The files of the run, if it has any. */
  get files(): RunFiles.RunFiles | undefined {
    return this.#files ?? this.options.files
  }

  writeFile<E>(source: FileSource<E>): Effect.Effect<File, E> {
    this.#files ??= this.files ?? RunFiles.make()
    return RunFiles.writeOutput(this.#files, source, this.options)
  }

  get index(): number {
    return this.options.index
  }

  get name(): string {
    return this.options.name
  }

  get info(): RunInfo {
    const { deploymentName, id, name, requestId } = this.options
    return { id, name, deploymentName, requestId }
  }

  get operations(): RunOperations | undefined {
    return this.options.operations?.(this)
  }

  /** True once the program has started. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Milliseconds since the run was accepted, down to a microsecond. */
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
    this.storeSteps()
    this.#followers ??= new Set()
    this.#followers.add(follower)
    return () => this.#followers?.delete(follower)
  }

  /** Stores the steps so far, and each further step when it starts and when it ends: by default the end of the run stores them. */
  storeSteps(): void {
    if (this.#storesSteps) return
    this.#storesSteps = true
    if (this.#steps.length === 0) return
    for (const step of this.#steps) if (step instanceof ActiveStep.ActiveStep) this.storeStep(step)
    this.options.recorder.onStored(this.id, () => this.#miss(this.#sequence))
  }

  /** Sends the last event to the followers, when the end of the run is stored. */
  finished(record: () => Run): void {
    if (this.#followers !== undefined) this.#tell(RunEvent.finished(record(), this.nextSequence()))
  }

  /** Reports to the followers that the run continues in another process. */
  continued(): void {
    this.isContinued = true
    this.lost()
  }

  /** Reports to the followers that the end of the run could not be stored. */
  lost(): void {
    for (const follower of this.#followers ?? []) follower.lose()
  }

  /** Ends the run and returns its final record. Steps in progress count as interrupted. */
  end({ cause, error, outputs, status }: Ending, executionTimeMillis: number): Run {
    const { skipArtifacts } = this.options
    for (const step of this.#steps) step.interrupt()
    const record = this.#record(status)
    record.finishedAt = ActiveStep.timestamp(Math.round(this.#startedMillis + executionTimeMillis))
    record.executionTimeMillis = executionTimeMillis
    if (outputs !== undefined && !skipArtifacts) record.outputs = outputs
    if (error !== undefined) record.error = skipArtifacts ? RunFailures.tagOnly(error) : error
    if (cause !== undefined) record.cause = cause
    if (this.#response !== undefined && status === "succeeded" && !skipArtifacts) record.response = this.#response
    return record
  }

  /** The record of a step; none for a position without one. */
  stepAt(position: number): StepRun | undefined {
    return this.#steps[position]?.snapshot()
  }

  /** Starts a call again that an earlier process started. It keeps its name and its start among the events. */
  stepAgain(call: StepCall, position: number): StepObserver {
    const earlier = this.#steps[position]
    if (earlier === undefined) return this.stepStarted(call)
    const step = new ActiveStep.ActiveStep(call, earlier.snapshot().name, position, this, earlier.startedSequence)
    step.attempted(earlier.snapshot().attempts + 1)
    this.#steps[position] = step
    this.storeStep(step)
    return step
  }

  stepStarted(call: StepCall, input?: unknown): StepObserver {
    if (!this.options.isRecorded && this.#followers === undefined) return ActiveStep.unrecorded(call)
    const excess = this.#excessOfStep()
    if (excess !== undefined) return ActiveStep.refused(excess)
    this.#calls ??= new Map()
    const count = (this.#calls.get(call.step) ?? 0) + 1
    this.#calls.set(call.step, count)
    const name = count === 1 ? call.step : `${call.step}#${count}`
    const step = new ActiveStep.ActiveStep(call, name, this.#steps.length, this)
    this.#steps.push(step)
    const { artifacts, skipArtifacts } = this.options
    if (artifacts !== undefined && !skipArtifacts) step.inputDigest = artifacts.digestOf(call, input)
    if (this.#storesSteps) this.storeStep(step)
    if (this.#followers !== undefined) this.#emit(RunEvent.stepStarted(step.snapshot(), step.startedSequence))
    return step
  }

  /** Keeps a line that the run logs. */
  logged(line: LogLine): void {
    if (!this.options.isRecorded || this.options.skipArtifacts) return
    this.#log ??= new RunLog(this.options)
    this.#log.add(line)
  }

  nextSequence(): number {
    return ++this.#sequence
  }

  stepEnded(step: ActiveStep.ActiveStep): void {
    const { id, recorder } = this.options
    if (step.inputDigest !== undefined) {
      recorder.offerPart({ _tag: "Input", runId: id, step: step.name, digest: step.inputDigest })
    }
    if (step.artifact !== undefined) {
      recorder.offerPart({ _tag: "Artifact", runId: id, step: step.name, artifact: step.artifact })
    }
    if (step.caching !== undefined) this.#storeCaching(step, step.caching)
    if (this.#storesSteps) this.storeStep(step)
    if (this.#followers === undefined) return
    const record = step.snapshot()
    this.#emit(RunEvent.stepFinished(record, record.finishedSequence ?? this.#sequence))
  }

  /** A large output is in the store of artifacts, and is made again. */
  #storeCaching(step: ActiveStep.ActiveStep, { hit, write }: NonNullable<ActiveStep.ActiveStep["caching"]>): void {
    const { id, recorder } = this.options
    const { name, outputs, status } = step.snapshot()
    if (hit !== undefined) recorder.offerPart({ _tag: "CacheHit", runId: id, step: name, from: hit })
    if (write === undefined || status !== "succeeded" || outputs === undefined) return
    recorder.offerPart({ _tag: "CacheOutput", runId: id, step: name, output: outputs, ...write })
  }

  record(json: EncodedJson.EncodedJson): RunLimitExceeded | undefined {
    const recorded = this.#recordedBytes + Buffer.byteLength(json.text)
    if (recorded > this.options.limits.maxRunBytes) return this.#exceeded("maxRunBytes", recorded)
    this.#recordedBytes = recorded
    return undefined
  }

  published(data: unknown): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { limits, skipArtifacts } = this.options
      const maxBytes = skipArtifacts ? Number.POSITIVE_INFINITY : limits.maxEventBytes
      const problem = data === undefined ? "undefined has no JSON form" : RunFailures.jsonProblem(data, maxBytes)
      if (problem instanceof JsonSize.TooLarge) return Effect.die(this.#exceeded("maxEventBytes", problem.bytes))
      if (problem !== undefined) return Effect.dieMessage(`Run.publish was given a value that is not JSON: ${problem}`)
      return skipArtifacts ? Effect.void : this.#checked(JsonSize.encodeWithin(data, maxBytes) ?? nothing)
    })
  }

  get takesElements(): boolean {
    return this.options.pace !== undefined
  }

  emitted({ element }: Emission, value: unknown): Effect.Effect<void> {
    const { limits, pace = noPace } = this.options
    const sent = Emissions.encoded(element, value, limits.maxEventBytes, (json) => this.#send(json))
    return sent === Effect.void ? pace() : Effect.zipRight(sent, Effect.suspend(pace))
  }

  /** Elements that the run keeps for its outputs have the limit of outputs, too. */
  #send(element: EncodedJson.EncodedJson | JsonSize.TooLarge): Effect.Effect<void> {
    if (element instanceof JsonSize.TooLarge) return Effect.die(this.#exceeded("maxEventBytes", element.bytes))
    const { isRecorded, limits, skipArtifacts } = this.options
    if (!this.takesElements) {
      this.#elementBytes += Buffer.byteLength(element.text) + 1
      if (this.#elementBytes > limits.maxOutputBytes) {
        return Effect.die(this.#exceeded("maxOutputBytes", this.#elementBytes))
      }
    }
    if (skipArtifacts || (!isRecorded && this.#followers === undefined)) return Effect.void
    return isRecorded ? this.#checked(element, "element") : this.#publish(element, "element")
  }

  #checked(
    encoded: EncodedJson.EncodedJson | JsonSize.TooLarge,
    kind: RunEvent.PublishedKind = "message"
  ): Effect.Effect<void> {
    const { maxEventsPerRun } = this.options.limits
    if (encoded instanceof JsonSize.TooLarge) return Effect.die(this.#exceeded("maxEventBytes", encoded.bytes))
    const excess =
      this.#sequence < maxEventsPerRun ? this.record(encoded) : this.#exceeded("maxEventsPerRun", this.#sequence + 1)
    return excess === undefined ? this.#publish(encoded, kind) : Effect.die(excess)
  }

  /** A call of a step has two events. */
  #excessOfStep(): RunLimitExceeded | undefined {
    const { maxEventsPerRun, maxStepsPerRun } = this.options.limits
    if (this.#steps.length >= maxStepsPerRun) return this.#exceeded("maxStepsPerRun", this.#steps.length + 1)
    return this.#sequence + 2 > maxEventsPerRun ? this.#exceeded("maxEventsPerRun", this.#sequence + 2) : undefined
  }

  #exceeded(limit: RunLimits.Limit, actual: number): RunLimitExceeded {
    return RunLimits.exceeded(this.options.limits, { runId: this.id, limit, actual })
  }

  #publish(data: EncodedJson.EncodedJson, kind: RunEvent.PublishedKind): Effect.Effect<void> {
    const { clock, id, recorder } = this.options
    const sequence = this.nextSequence()
    recorder.offerPart({ _tag: "Message", kind, runId: id, sequence, at: clock.unsafeCurrentTimeMillis(), data })
    if (this.#followers !== undefined) this.#emit(RunEvent.message({ sequence, data, kind }))
    this.#published ??= new PublishLimit(this.options)
    return this.#published.add(data.text.length)
  }

  /** Goes on from the record of earlier processes: its times, its steps, and the positions of its events. */
  #goOn({ sequence, startedAt, steps }: Earlier): void {
    const started = DateTime.toEpochMillis(startedAt)
    this.#startedNanos -= BigInt(Math.max(0, Math.round(this.#startedMillis - started))) * 1_000_000n
    this.#startedMillis = started
    this.#sequence = Math.max(this.#sequence, sequence)
    this.#calls = new Map()
    for (const step of steps) {
      this.#steps.push(new ActiveStep.EarlierStep(step))
      const [, name = step.name, count = "1"] = /^(.*)#(\d+)$/.exec(step.name) ?? []
      this.#calls.set(name, Math.max(this.#calls.get(name) ?? 0, Number(count)))
    }
  }

  /** Stores the state of a step soon. */
  storeStep(step: ActiveStep.ActiveStep): void {
    const { id, recorder } = this.options
    recorder.offerPart({ _tag: "Step", runId: id, position: step.position, step: step.snapshot() })
  }

  /** Sends an event to the followers when it is on disk, together with what was offered before. */
  #emit(event: RunEvent.RunEvent): void {
    this.options.recorder.onStored(this.id, (isStored) => (isStored ? this.#tell(event) : this.#miss(event.sequence)))
  }

  #tell(event: RunEvent.RunEvent): void {
    for (const follower of this.#followers ?? []) follower.tell(event)
  }

  #miss(sequence: number): void {
    for (const follower of this.#followers ?? []) follower.miss(sequence)
  }

  #record(status: Run["status"]): Mutable<Run> {
    const { id, index, name, parameters, session, skipArtifacts } = this.options
    const startedAt = ActiveStep.timestamp(this.#startedMillis)
    const steps = this.#steps.map((step) => step.snapshot())
    const record: Mutable<Run> = {
      id,
      index,
      name,
      parameters: skipArtifacts ? {} : parameters,
      startedAt,
      status,
      steps
    }
    if (session !== undefined) record.session = session
    return record
  }
}

// internal

/** The JSON of a value that JSON leaves out. */
const nothing = new EncodedJson.EncodedJson("null")

const noPace = () => Effect.void

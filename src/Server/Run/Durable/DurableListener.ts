/** The listener of a run whose steps are recorded one by one, and of the operations inside such a step. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Attributes } from "../../../Internal/Spans.js"
import {
  CurrentRun,
  type Emission,
  type LogLine,
  type RespondOptions,
  type RunInfo,
  type RunListener,
  type RunOperations,
  type RunRequest,
  type StepCall,
  type StepHandling,
  type StepObserver
} from "../../../Run.js"
import type { StepCaching } from "../../../Step/Caching.js"
import type { JournalEntry } from "../../../Store/RunStore.js"
import type { ActiveRun } from "../Execution/ActiveRun.js"
import * as ActiveStep from "../Execution/ActiveStep.js"
import * as Digest from "./Digest.js"
import { diverged } from "./Divergence.js"
import * as Operations from "./Operations.js"
import { type Records, stored } from "./Records.js"
import * as Replay from "./Replay.js"

/** A run in progress, for its listeners. */
export interface Frame extends Omit<Operations.Scope, "run" | "parent" | "isOwn"> {
  readonly run: ActiveRun
  /** True if the run waits until the result of a step is on record. */
  readonly storesEachStep: boolean
  /** True when the run continues in another process, so that its finalizers are not recorded here. */
  readonly isGone: () => boolean
}

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

export class DurableListener implements RunListener {
  /** The fiber of the program or of the step, once it runs. */
  #fiber: AnyFiber | undefined
  #operations: RunOperations | undefined

  constructor(
    readonly frame: Frame,
    /** The ordinal of the step around the operations; 0 outside a step. */
    readonly parent: number
  ) {}

  get info(): RunInfo {
    return this.frame.run.info
  }

  get caller(): string | undefined {
    return this.frame.run.caller
  }

  get session(): string | undefined {
    return this.frame.run.session
  }

  get request(): RunRequest | undefined {
    return this.frame.run.request
  }

  get takesElements(): boolean {
    return this.frame.run.takesElements
  }

  respond(options: RespondOptions): ReturnType<ActiveRun["respond"]> {
    return this.frame.run.respond(options)
  }

  emitted(emission: Emission, value: unknown): Effect.Effect<void> {
    return this.frame.run.emitted(emission, value)
  }

  get trace(): Attributes | undefined {
    return this.frame.run.trace
  }

  get operations(): RunOperations {
    const { frame, parent } = this
    this.#operations ??= Operations.make({ ...frame, parent, isOwn: (fiber) => fiber === this.#fiber })
    return this.#operations
  }

  logged(line: LogLine): void {
    this.frame.run.logged?.(line)
  }

  published(data: unknown): Effect.Effect<void> {
    return this.frame.run.published(data)
  }

  /** Runs the program or an attempt of the step in this fiber. */
  within<A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.withFiberRuntime((fiber) => {
      this.#fiber = fiber
      return body
    })
  }

  stepStarted(call: StepCall, input: unknown, fiber: AnyFiber): StepObserver {
    const { isGone, records, run } = this.frame
    if (isGone()) return ActiveStep.unrecorded(call)
    if (records === undefined) return this.#unjournaled(run.stepStarted(call, input))
    const { parent } = this
    const isSequential = fiber === this.#fiber
    const digest = Digest.ofInput(call, input)
    const started = records.journal.start({ parent, kind: "step", name: call.step, isSequential, digest })
    switch (started._tag) {
      case "Diverged":
        return outcome(Effect.die(started.error))
      case "Ended":
        return outcome(this.#replay(records, started.entry, call))
      case "Executes":
        return this.#executing(records, started.entry, call)
    }
  }

  #unjournaled(observer: StepObserver): StepObserver {
    if (!this.frame.storesEachStep || !(observer instanceof ActiveStep.ActiveStep)) return observer
    const { recorder } = this.frame.run.options
    return new StoredStep(observer, 0, undefined, this.frame.isGone, () => stored(recorder, this.frame.run.id))
  }

  #replay(records: Records, entry: JournalEntry, call: StepCall): Effect.Effect<unknown, unknown> {
    const { run } = this.frame
    const step = entry.position === undefined ? undefined : run.stepAt(entry.position)
    const misfit = Effect.suspend(() => {
      const error = diverged(run.id, entry, "result")
      records.journal.fail(error)
      return Effect.die(error)
    })
    return step === undefined ? misfit : Replay.replay(entry, step, call, misfit)
  }

  #executing(records: Records, entry: JournalEntry, call: StepCall): StepObserver {
    const { run } = this.frame
    const { position } = entry
    const earlier = position === undefined ? undefined : run.stepAt(position)
    const step = position === undefined ? run.stepStarted(call) : run.stepAgain(call, position)
    if (!(step instanceof ActiveStep.ActiveStep)) return step
    const own = { ...entry, position: step.position }
    records.put(own)
    const attempts = earlier?.attempts ?? 0
    return new StoredStep(step, attempts, this.#handling(records, own, step, attempts), this.frame.isGone, (exit) => {
      const result = Replay.resultOf(call, exit)
      return result === undefined ? Effect.void : records.settle({ ...own, result })
    })
  }

  #handling(records: Records, entry: JournalEntry, step: ActiveStep.ActiveStep, attempts: number): StepHandling {
    const inside = new DurableListener(this.frame, entry.ordinal)
    let failures = entry.failures
    return {
      _tag: "Durable",
      failures,
      within: (attempt) => Effect.provideService(inside.within(attempt), CurrentRun, inside),
      attemptFailed: Effect.sync(() => {
        failures++
        step.attempted(attempts + failures - entry.failures + 1)
        this.frame.run.storeStep(step)
        records.put({ ...entry, failures })
      })
    }
  }
}

// internal

const outcome = (outcome: Effect.Effect<unknown, unknown>): StepObserver => ({
  handling: { _tag: "Outcome", outcome },
  ended: () => Effect.void
})

/** A step whose end may have to be on record before its run continues. */
class StoredStep implements StepObserver {
  constructor(
    readonly step: ActiveStep.ActiveStep,
    /** The attempts of earlier processes. */
    readonly attempts: number,
    readonly handling: StepHandling | undefined,
    readonly isGone: () => boolean,
    readonly onEnded: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
  ) {}

  get name(): string {
    return this.step.name
  }

  cached<A, E, R>(caching: StepCaching, input: unknown, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.step.cached(caching, input, body)
  }

  ended(exit: Exit.Exit<unknown, unknown>, attempts: number): Effect.Effect<void> {
    // The step is executed again: to its followers it has not ended.
    if (this.isGone() && Exit.isInterrupted(exit)) return Effect.void
    return Effect.zipRight(
      this.step.ended(exit, this.attempts + attempts),
      Effect.suspend(() => this.onEnded(exit))
    )
  }
}

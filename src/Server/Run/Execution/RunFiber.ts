/** The fibers of runs: the runtime that starts them, and the life of one. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as HashSet from "effect/HashSet"
import type * as Logger from "effect/Logger"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Spans from "../../../Internal/Spans.js"
import { CurrentRun, type InterruptionCause, type RunListener } from "../../../Run.js"
import type { ArtifactKeeper, KeepFile } from "../Artifacts/ArtifactKeeper.js"
import type { StepCache } from "../Records/StepCache.js"
import * as RunTimers from "./RunTimers.js"

/** Starts fibers with the warm state in their context, and with the references of the fiber that built it, such as loggers. */
export interface RunRuntime {
  /** Starts the program of a run. A program that never waits has ended when this returns. */
  readonly start: (
    program: Effect.Effect<unknown, unknown>,
    listener: RunListener
  ) => Fiber.RuntimeFiber<unknown, unknown>
  /** True if the warm state or the program has a tracer, so that every run has a span. */
  readonly isTraced: boolean
  /** Keeps large outputs of steps; absent if every output is in the record of its run. */
  readonly artifacts: ArtifactKeeper | undefined
  /** Keeps outputs that are bytes; absent if the service records nothing. */
  readonly keepFile: KeepFile | undefined
  /** Finds outputs of cached steps; absent if none are used again. */
  readonly cache: StepCache | undefined
  /** Calls a function after a time, unless the returned one is called before. */
  readonly after: RunTimers.After
}

/** The parts of runs that are kept besides their records. */
export interface KeptOptions {
  /** Gets the entries of runs, besides the loggers of the runtime. */
  readonly logger?: Logger.Logger<unknown, void> | undefined
  readonly artifacts?: ArtifactKeeper | undefined
  readonly keepFile?: KeepFile | undefined
  readonly cache?: StepCache | undefined
}

/**
 * Makes the runtime of a service's runs. Runs see the warm state and no other service of `base`.
 *
 * Every request forks a fiber, and Effect copies the context and each reference for it, so that they can differ. All runs
 * have the same but for the run itself, so each run gets them without a copy.
 *
 * @param base The runtime of the fiber that built the warm state.
 * @param options The parts of runs that are kept besides their records.
 */
export const makeRuntime = (
  base: Runtime.Runtime<never>,
  warm: Context.Context<never>,
  { artifacts, cache, keepFile, logger }: KeptOptions = {}
): RunRuntime => {
  const runtimeFlags = RuntimeFlags.enable(base.runtimeFlags, RuntimeFlags.Interruption)
  const inherited = inheritedOf(logger === undefined ? base.fiberRefs : withLogger(base.fiberRefs, logger))
  const options: Runtime.RunForkOptions = {
    updateRefs: (own) => {
      for (const entry of inherited) own.locals.set(entry[0], entry[1])
      return own
    }
  }
  return {
    artifacts,
    keepFile,
    cache,
    isTraced: Spans.hasTracer(base.fiberRefs),
    start: (program, listener) => {
      const context = Context.add(warm, CurrentRun, listener)
      return Runtime.runFork(Runtime.make({ context, runtimeFlags, fiberRefs: none }), program, options)
    },
    after: RunTimers.make(
      base.fiberRefs,
      Runtime.runFork(Runtime.make({ context: warm, runtimeFlags, fiberRefs: base.fiberRefs }))
    )
  }
}

/** The first interruption of a run. */
export interface Interruption {
  readonly cause: InterruptionCause
  /** The deadline of a run that was interrupted at it. */
  readonly timeoutMillis?: number | undefined
}

/**
 * The fiber of a run: it starts once, is interrupted for a stated cause, and is given up a second after an interruption that
 * it ignores. A class, because every request makes one.
 */
export class RunFiber {
  readonly #runtime: RunRuntime
  readonly #listener: RunListener
  #onGone: () => void
  #fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  #exit: Exit.Exit<unknown, unknown> | undefined
  #onExit: ((exit: Exit.Exit<unknown, unknown>) => void) | undefined
  #interruption: Interruption | undefined
  /** True while the program runs for the first time, before it pauses: its fiber is not known yet. */
  #isStarting = false
  #callOffDeadline: (() => void) | undefined

  /** @param onGone Called when the fiber has ended, which may be after it was given up. */
  constructor(runtime: RunRuntime, listener: RunListener, onGone: () => void) {
    this.#runtime = runtime
    this.#listener = listener
    this.#onGone = onGone
  }

  /** Starts the run, unless it was interrupted before. */
  start(program: Effect.Effect<unknown, unknown>): void {
    if (this.#exit !== undefined) return
    this.#isStarting = true
    const fiber = this.#runtime.start(program, this.#listener)
    this.#isStarting = false
    const exit = fiber.unsafePoll()
    if (exit !== null) return void this.#gone(exit)
    this.#fiber = fiber
    fiber.addObserver((exit) => this.#gone(exit))
    if (this.#interruption !== undefined) this.#interruptFiber(fiber)
  }

  /** The exit, once the run has ended. */
  get exit(): Exit.Exit<unknown, unknown> | undefined {
    return this.#exit
  }

  get interruption(): Interruption | undefined {
    return this.#interruption
  }

  /** Calls `onExit` once, with the exit of the run. A fiber that was given up counts as interrupted. */
  onExit(onExit: (exit: Exit.Exit<unknown, unknown>) => void): void {
    if (this.#exit === undefined) this.#onExit = onExit
    else onExit(this.#exit)
  }

  /** Interrupts the run. The first cause counts. */
  interrupt(interruption: Interruption): void {
    if (this.#interruption !== undefined || this.#exit !== undefined) return
    this.#interruption = interruption
    if (this.#fiber !== undefined) this.#interruptFiber(this.#fiber)
    else if (!this.#isStarting) this.#gone(Exit.interrupt(FiberId.none))
  }

  /** Interrupts the run when it takes longer than `timeoutMillis`; `elapsedMillis` have passed. */
  startDeadline(timeoutMillis: number, elapsedMillis: number): void {
    if (this.#exit !== undefined) return
    const leftMillis = Math.max(0, Math.ceil(timeoutMillis - elapsedMillis))
    this.#callOffDeadline = this.#runtime.after(leftMillis, () => this.interrupt({ cause: "timeout", timeoutMillis }))
  }

  /** Stops the deadline until it is started again. */
  stopDeadline(): void {
    this.#callOffDeadline?.()
    this.#callOffDeadline = undefined
  }

  /** Calls another function when the fiber has ended, in place of the one before. */
  replaceOnGone(onGone: () => void): void {
    this.#onGone = onGone
  }

  /** True if the fiber still runs, which may be after it was given up. */
  get isRunning(): boolean {
    return this.#fiber?.unsafePoll() === null
  }

  /** The fiber, once it has paused. */
  get fiber(): Fiber.RuntimeFiber<unknown, unknown> | undefined {
    return this.#fiber
  }

  /** Forgets a run that has not started. */
  discard(): void {
    this.#onExit = undefined
    this.#gone(Exit.interrupt(FiberId.none))
  }

  #interruptFiber(fiber: Fiber.RuntimeFiber<unknown, unknown>): void {
    fiber.unsafeInterruptAsFork(FiberId.none)
    fiber.addObserver(this.#runtime.after(graceMillis, () => this.#end(Exit.interrupt(FiberId.none))))
  }

  #gone(exit: Exit.Exit<unknown, unknown>): void {
    this.#onGone()
    this.#end(exit)
  }

  #end(exit: Exit.Exit<unknown, unknown>): void {
    if (this.#exit !== undefined) return
    this.#exit = exit
    this.#callOffDeadline?.()
    this.#onExit?.(exit)
  }
}

// internal

/** The time in which an interrupted fiber ends before it is given up. */
const graceMillis = 1_000

const none = FiberRefs.empty()

/** The references with the patches of a fork, without the context: each run has its own. */
const inheritedOf = (fiberRefs: FiberRefs.FiberRefs) =>
  Array.from(FiberRefs.delete(FiberRefs.forkAs(fiberRefs, FiberId.none), FiberRef.currentContext).locals)

const withLogger = (fiberRefs: FiberRefs.FiberRefs, logger: Logger.Logger<unknown, void>): FiberRefs.FiberRefs =>
  FiberRefs.updateAs(fiberRefs, {
    fiberId: FiberId.none,
    fiberRef: FiberRef.currentLoggers,
    value: HashSet.add(FiberRefs.getOrDefault(fiberRefs, FiberRef.currentLoggers), logger)
  })

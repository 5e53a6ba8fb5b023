/** The fibers of runs: the runtime that starts them, and the life of one. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import { CurrentRun, type InterruptionCause, type RunListener } from "../../Run.js"

/** Starts fibers with the warm state in their context, and with the references of the fiber that built it, such as loggers. */
export interface RunRuntime {
  /** Starts the program of a run. A program that never waits has ended when this returns. */
  readonly start: (
    program: Effect.Effect<unknown, unknown>,
    listener: RunListener
  ) => Fiber.RuntimeFiber<unknown, unknown>
  /** Starts work that belongs to no run. */
  readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
}

/**
 * Makes the runtime of a service's runs. Runs see the warm state and no other service of `base`.
 *
 * Every request forks a fiber, and Effect copies the context and each reference for it, so that they can differ. All runs
 * have the same but for the run itself, so each run gets them without a copy.
 *
 * @param base The runtime of the fiber that built the warm state.
 */
export const makeRuntime = (base: Runtime.Runtime<never>, warm: Context.Context<never>): RunRuntime => {
  const runtimeFlags = RuntimeFlags.enable(base.runtimeFlags, RuntimeFlags.Interruption)
  const inherited = inheritedOf(base.fiberRefs)
  const options: Runtime.RunForkOptions = {
    updateRefs: (own) => {
      for (const entry of inherited) own.locals.set(entry[0], entry[1])
      return own
    }
  }
  return {
    start: (program, listener) => {
      const context = Context.add(warm, CurrentRun, listener)
      return Runtime.runFork(Runtime.make({ context, runtimeFlags, fiberRefs: none }), program, options)
    },
    fork: Runtime.runFork(Runtime.make({ context: warm, runtimeFlags, fiberRefs: base.fiberRefs }))
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
  readonly #onGone: () => void
  #fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  #exit: Exit.Exit<unknown, unknown> | undefined
  #onExit: ((exit: Exit.Exit<unknown, unknown>) => void) | undefined
  #interruption: Interruption | undefined
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
    const fiber = this.#runtime.start(program, this.#listener)
    const exit = fiber.unsafePoll()
    if (exit !== null) return void this.#gone(exit)
    this.#fiber = fiber
    fiber.addObserver((exit) => this.#gone(exit))
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
    if (this.#fiber === undefined) this.#gone(Exit.interrupt(FiberId.none))
    else {
      this.#fiber.unsafeInterruptAsFork(FiberId.none)
      this.#fiber.addObserver(this.#after(graceMillis, () => this.#end(Exit.interrupt(FiberId.none))))
    }
  }

  /** Interrupts the run when it takes longer than `timeoutMillis`; `elapsedMillis` have passed. */
  startDeadline(timeoutMillis: number, elapsedMillis: number): void {
    if (this.#exit !== undefined) return
    const leftMillis = Math.max(0, timeoutMillis - elapsedMillis)
    this.#callOffDeadline = this.#after(leftMillis, () => this.interrupt({ cause: "timeout", timeoutMillis }))
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

  #after(millis: number, act: () => void): () => void {
    const timer = this.#runtime.fork(Effect.delay(Effect.sync(act), millis))
    return () => timer.unsafeInterruptAsFork(FiberId.none)
  }
}

// internal

/** The time in which an interrupted fiber ends before it is given up. */
const graceMillis = 1_000

const none = FiberRefs.empty()

/** The references with the patches of a fork, without the context: each run has its own. */
const inheritedOf = (fiberRefs: FiberRefs.FiberRefs) =>
  Array.from(FiberRefs.delete(FiberRefs.forkAs(fiberRefs, FiberId.none), FiberRef.currentContext).locals)

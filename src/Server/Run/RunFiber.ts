/**
 * The fiber of a run: started with the warm state in its context, now or when there is a place for it, interrupted for a
 * stated cause, and given up after a while, because a program may refuse to be interrupted.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { InterruptionCause, RunListener } from "../../Run.js"
import type { RunRuntime } from "./RunRuntime.js"

/** Why a run was interrupted, by whom it is asked first. */
export interface Interruption {
  readonly cause: InterruptionCause
  /** The deadline, when that was the cause. */
  readonly timeoutMillis?: number | undefined
}

/** What hears how a run ended. */
export type OnExit = (exit: Exit.Exit<unknown, unknown>) => void

/** A run's fiber. A class, because one is made for every request. */
export class RunFiber {
  readonly #runtime: RunRuntime
  readonly #listener: RunListener
  readonly #onGone: () => void
  #fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  #exit: Exit.Exit<unknown, unknown> | undefined
  #onExit: OnExit | undefined
  #interruption: Interruption | undefined
  #callOffDeadline: (() => void) | undefined

  /**
   * @param onGone Called when the fiber is really gone, which may be after it was given up.
   */
  constructor(runtime: RunRuntime, listener: RunListener, onGone: () => void) {
    this.#runtime = runtime
    this.#listener = listener
    this.#onGone = onGone
  }

  /** Starts the run, unless it was interrupted before. A program that never waits has ended when this returns. */
  start(program: Effect.Effect<unknown, unknown>): void {
    if (this.#exit !== undefined) return
    const fiber = this.#runtime.start(program, this.#listener)
    const exit = fiber.unsafePoll()
    if (exit !== null) return void this.#gone(exit)
    this.#fiber = fiber
    fiber.addObserver((exit) => this.#gone(exit))
  }

  /** How it ended, if it has. */
  get exit(): Exit.Exit<unknown, unknown> | undefined {
    return this.#exit
  }

  /** Why it was asked to stop, if it was. */
  get interruption(): Interruption | undefined {
    return this.#interruption
  }

  /**
   * Has somebody hear once how it ends. A fiber that does not react to its interruption is given up after a second and
   * counts as interrupted.
   */
  onExit(onExit: OnExit): void {
    if (this.#exit === undefined) this.#onExit = onExit
    else onExit(this.#exit)
  }

  /** Asks the fiber to stop; the first cause given is the one that counts. */
  interrupt(interruption: Interruption): void {
    if (this.#interruption !== undefined || this.#exit !== undefined) return
    this.#interruption = interruption
    if (this.#fiber === undefined) this.#gone(Exit.interrupt(FiberId.none))
    else {
      this.#fiber.unsafeInterruptAsFork(FiberId.none)
      this.#fiber.addObserver(this.#after(graceMillis, () => this.#end(Exit.interrupt(FiberId.none))))
    }
  }

  /** Interrupts when it takes longer than this, counted from so many milliseconds ago. */
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

/** How long an interrupted fiber may take to end. */
const graceMillis = 1_000

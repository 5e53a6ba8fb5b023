/**
 * The fiber of a run: started with the warm state in its context, interrupted for a stated cause, and given up after a
 * while, because a program may refuse to be interrupted.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import { CurrentRun, type InterruptionCause, type RunListener } from "../Run.js"

/**
 * Why a run was interrupted, by whom it is asked first.
 *
 * @category models
 * @since 0.1.0
 */
export interface Interruption {
  readonly cause: InterruptionCause
  /** The deadline, when that was the cause. */
  readonly timeoutMillis?: number | undefined
}

/**
 * A run's fiber.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunFiber {
  /** How it ended, if it has. */
  readonly exit: () => Exit.Exit<unknown, unknown> | undefined
  /**
   * Hears once how it ended, at once if it has. A fiber that does not react to its interruption is given up after a
   * second and counts as interrupted.
   */
  readonly onExit: (hear: (exit: Exit.Exit<unknown, unknown>) => void) => void
  readonly interruption: () => Interruption | undefined
  /** Asks the fiber to stop; the first cause given is the one that counts. */
  readonly interrupt: (interruption: Interruption) => void
  /** Interrupts when it takes longer than this; answers how to call that off. */
  readonly startDeadline: (timeoutMillis: number) => () => void
}

/**
 * Starts a run. A program that never waits has ended when this returns.
 *
 * @param onGone Called when the fiber is really gone, which may be after {@link RunFiber} gave it up.
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = (
  runtime: Runtime.Runtime<never>,
  options: {
    readonly listener: RunListener
    readonly program: Effect.Effect<unknown, unknown>
    readonly onGone: () => void
  }
): RunFiber => {
  // The run is added to the runtime's own context: providing it to the effect costs as much as starting the fiber.
  const fiber = Runtime.runFork(
    Runtime.make({
      context: Context.add(runtime.context, CurrentRun, options.listener),
      runtimeFlags: runtime.runtimeFlags,
      fiberRefs: runtime.fiberRefs
    })
  )(options.program)
  let exit: Exit.Exit<unknown, unknown> | undefined
  let hear: ((exit: Exit.Exit<unknown, unknown>) => void) | undefined
  let interruption: Interruption | undefined

  const end = (ended: Exit.Exit<unknown, unknown>) => {
    if (exit !== undefined) return
    exit = ended
    hear?.(ended)
  }
  fiber.addObserver((ended) => {
    options.onGone()
    end(ended)
  })
  const after = (millis: number, act: () => void) => {
    const timer = Runtime.runFork(runtime)(Effect.delay(Effect.sync(act), millis))
    return () => timer.unsafeInterruptAsFork(FiberId.none)
  }
  const interrupt = (cause: Interruption) => {
    if (interruption !== undefined || exit !== undefined) return
    interruption = cause
    fiber.unsafeInterruptAsFork(FiberId.none)
    const callOff = after(graceMillis, () => end(Exit.interrupt(FiberId.none)))
    fiber.addObserver(callOff)
  }
  return {
    exit: () => exit,
    onExit: (listener) => {
      if (exit !== undefined) return listener(exit)
      hear = listener
    },
    interruption: () => interruption,
    interrupt,
    startDeadline: (timeoutMillis) => after(timeoutMillis, () => interrupt({ cause: "timeout", timeoutMillis }))
  }
}

// internal

/** How long an interrupted fiber may take to end. */
const graceMillis = 1_000

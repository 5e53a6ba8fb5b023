/**
 * The fiber of a run: started with the warm state in its context, interrupted for a stated cause, and awaited with a
 * bound, because a program may refuse to be interrupted.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
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
  readonly hasEnded: () => boolean
  /** How it ended. A fiber that does not react to its interruption is given up after a second. */
  readonly exit: Effect.Effect<Exit.Exit<unknown, unknown>>
  readonly interruption: () => Interruption | undefined
  /** Asks the fiber to stop; the first cause given is the one that counts. */
  readonly interrupt: (interruption: Interruption) => void
  /** Interrupts when it takes longer than this; answers how to call that off. */
  readonly startDeadline: (timeoutMillis: number) => () => void
}

/**
 * Starts a run.
 *
 * @param onEnd Called when the fiber is really gone, which may be after {@link RunFiber} gave it up.
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = (
  runtime: Runtime.Runtime<never>,
  options: {
    readonly listener: RunListener
    readonly program: Effect.Effect<unknown, unknown>
    readonly onEnd: () => void
  }
): RunFiber => {
  const ended = Deferred.unsafeMake<Exit.Exit<unknown, unknown>>(FiberId.none)
  const fork = Runtime.runFork(runtime)
  const fiber = Runtime.runFork(
    Runtime.make({
      context: Context.add(runtime.context, CurrentRun, options.listener),
      runtimeFlags: runtime.runtimeFlags,
      fiberRefs: runtime.fiberRefs
    })
  )(options.program)
  let interruption: Interruption | undefined

  fiber.addObserver((exit) => {
    options.onEnd()
    Deferred.unsafeDone(ended, Effect.succeed(exit))
  })
  const interrupt = (cause: Interruption) => {
    if (interruption !== undefined || fiber.unsafePoll() !== null) return
    interruption = cause
    fiber.unsafeInterruptAsFork(FiberId.none)
    fork(giveUpAfter(ended))
  }
  return {
    hasEnded: () => fiber.unsafePoll() !== null,
    exit: Deferred.await(ended),
    interruption: () => interruption,
    interrupt,
    startDeadline: (timeoutMillis) => {
      const timer = fork(
        Effect.delay(
          Effect.sync(() => interrupt({ cause: "timeout", timeoutMillis })),
          timeoutMillis
        )
      )
      return () => timer.unsafeInterruptAsFork(FiberId.none)
    }
  }
}

// internal

const giveUpAfter = (ended: Deferred.Deferred<Exit.Exit<unknown, unknown>>): Effect.Effect<void> =>
  Effect.raceFirst(
    Effect.asVoid(Deferred.await(ended)),
    Effect.delay(Effect.asVoid(Deferred.succeed(ended, Exit.interrupt(FiberId.none))), "1 second")
  )

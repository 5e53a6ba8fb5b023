/** What the fibers of runs start with: the warm state, and what the fiber that built it had set, such as loggers. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import { CurrentRun, type RunListener } from "../../Run.js"

export interface RunRuntime {
  /** Starts the program of a run. One that never waits has ended when this returns. */
  readonly start: (
    program: Effect.Effect<unknown, unknown>,
    listener: RunListener
  ) => Fiber.RuntimeFiber<unknown, unknown>
  /** Starts something beside runs. */
  readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
}

/**
 * Makes the runtime of a service's runs. Of what else is in `base` they see no service: a pipeline has what it was given.
 *
 * **Details**
 *
 * Every request forks a fiber, and Effect copies the context and each reference of a fiber for the next one, to let them
 * differ. Here they are the same for all runs but for the run itself, so each run gets them as they are.
 *
 * @param base The runtime of the fiber that built the warm state.
 * @param warm The warm state.
 */
export const make = (base: Runtime.Runtime<never>, warm: Context.Context<never>): RunRuntime => {
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

// internal

const none = FiberRefs.empty()

/** With the patches of a fork applied, and without the context: each run has one of its own. */
const inheritedOf = (fiberRefs: FiberRefs.FiberRefs) =>
  Array.from(FiberRefs.delete(FiberRefs.forkAs(fiberRefs, FiberId.none), FiberRef.currentContext).locals)

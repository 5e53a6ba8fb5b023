/** The end of a serving process: a signal, or an uncaught error of user code. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { exitCodes } from "../../Contract/Manifest.js"
import * as RunFailures from "../Run/RunFailures.js"

/**
 * The reason for the end of the process, and its exit code.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ending {
  readonly reason: string
  readonly exitCode: number
}

/**
 * Decides when the process ends. Serving waits for it, and tests decide it.
 *
 * @category services
 * @since 0.1.0
 */
export class Signals extends Context.Tag("effect-deployers/Server/Signals")<
  Signals,
  {
    /** Succeeds when the process must end. */
    readonly ending: Effect.Effect<Ending>
  }
>() {}

/**
 * Listens to SIGTERM and SIGINT, and to uncaught errors, which are logged and end the process with the code of a failed
 * start. A second signal ends the process at once.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Signals> = Layer.scoped(
  Signals,
  Effect.gen(function* () {
    const { end, ending, isEnding } = yield* first
    yield* onSignals((signal) => {
      if (isEnding()) process.exit(exitCodes.drained)
      end({ reason: signal, exitCode: exitCodes.drained })
    })
    yield* onUncaught(end)
    return { ending }
  })
)

/**
 * For a process that another one ends. It ignores signals, and ends at an uncaught error, too.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTold = (told: Effect.Effect<Ending>): Layer.Layer<Signals> =>
  Layer.scoped(
    Signals,
    Effect.gen(function* () {
      const { end, ending } = yield* first
      yield* onSignals(() => {})
      yield* onUncaught(end)
      return { ending: Effect.raceFirst(told, ending) }
    })
  )

// internal

/** Keeps the first reason. */
const first = Effect.map(Deferred.make<Ending>(), (deferred) => {
  let isEnding = false
  return {
    ending: Deferred.await(deferred),
    isEnding: () => isEnding,
    end: (ending: Ending) => {
      isEnding = true
      Deferred.unsafeDone(deferred, Effect.succeed(ending))
    }
  }
})

const onSignals = (listener: NodeJS.SignalsListener) =>
  Effect.acquireRelease(
    Effect.sync(() => process.on("SIGTERM", listener).on("SIGINT", listener)),
    () => Effect.sync(() => process.off("SIGTERM", listener).off("SIGINT", listener))
  )

const onUncaught = (end: (ending: Ending) => void) =>
  Effect.flatMap(Effect.runtime<never>(), (runtime) => {
    const runFork = Runtime.runFork(runtime)
    const listener = (error: unknown) => {
      runFork(Effect.logError(`The pipeline has an uncaught error: ${RunFailures.renderDefect(error)}`))
      end({ reason: "an uncaught error", exitCode: exitCodes.startFailed })
    }
    return Effect.acquireRelease(
      Effect.sync(() => process.on("uncaughtException", listener).on("unhandledRejection", listener)),
      () => Effect.sync(() => process.off("uncaughtException", listener).off("unhandledRejection", listener))
    )
  })

/**
 * What tells a serving process to end: a signal, or an error of user code that nobody caught.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { exitCodes } from "../Manifest.js"
import * as Failures from "./Failures.js"

/**
 * Why the process ends and with which code.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ending {
  readonly reason: string
  readonly exitCode: number
}

/**
 * @category services
 * @since 0.1.0
 */
export class Signals extends Context.Tag("effect-deployers/Server/Signals")<
  Signals,
  {
    /** Succeeds when the process is told to end. */
    readonly ending: Effect.Effect<Ending>
  }
>() {}

/**
 * Listens to SIGTERM and SIGINT, of which a second one ends the process at once, and to uncaught errors, which are
 * logged and end it with the code of a failed start.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Signals> = Layer.scoped(
  Signals,
  Effect.gen(function* () {
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const ending = yield* Deferred.make<Ending>()
    let isEnding = false
    const end = (reason: string, exitCode: number) => {
      isEnding = true
      Deferred.unsafeDone(ending, Effect.succeed({ reason, exitCode }))
    }
    const onSignal = (signal: NodeJS.Signals) => {
      if (isEnding) process.exit(exitCodes.drained)
      end(signal, exitCodes.drained)
    }
    const onUncaught = (error: unknown) => {
      runFork(Effect.logError(`Nobody caught an error of the pipeline: ${Failures.renderDefect(error)}`))
      end("an uncaught error", exitCodes.startFailed)
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        process.on("SIGTERM", onSignal).on("SIGINT", onSignal)
        process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught)
      }),
      () =>
        Effect.sync(() => {
          process.off("SIGTERM", onSignal).off("SIGINT", onSignal)
          process.off("uncaughtException", onUncaught).off("unhandledRejection", onUncaught)
        })
    )
    return { ending: Deferred.await(ending) }
  })
)

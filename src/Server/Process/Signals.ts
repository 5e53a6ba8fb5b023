/** The end of a serving process: a signal, or an uncaught error of user code. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { exitCodes } from "../../Contract/Manifest.js"
import * as RunFailures from "../Run/Execution/RunFailures.js"

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
    /** Handles uncaught errors like this from now on. Before, they end the process. */
    readonly handleUncaught: (handling: UncaughtErrors) => Effect.Effect<void>
  }
>() {}

/**
 * The handling of errors that no run catches.
 *
 * @category models
 * @since 0.1.0
 */
export interface UncaughtErrors {
  /** The serving setting `onUncaughtError`. */
  readonly policy: "restart" | "continue"
  /** The runs that can have caused an error, for the log. */
  readonly runsInProgress: () => ReadonlyArray<string>
}

/**
 * Listens to SIGTERM and SIGINT, and to uncaught errors, which are logged and, unless the service continues after them, end
 * the process with the code of a failed start. A second signal ends the process at once.
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
    return { ending, handleUncaught: yield* onUncaught(end) }
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
      return { ending: Effect.raceFirst(told, ending), handleUncaught: yield* onUncaught(end) }
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
    let handling: UncaughtErrors = { policy: "restart", runsInProgress: () => [] }
    const listener = (error: unknown) => {
      runFork(logged(error, handling))
      if (handling.policy === "restart") end({ reason: "an uncaught error", exitCode: exitCodes.startFailed })
    }
    return Effect.acquireRelease(
      Effect.sync(() => process.on("uncaughtException", listener).on("unhandledRejection", listener)),
      () => Effect.sync(() => process.off("uncaughtException", listener).off("unhandledRejection", listener))
    ).pipe(
      Effect.as((given: UncaughtErrors) =>
        Effect.sync(() => {
          handling = given
        })
      )
    )
  })

const maxNamed = 10

/**
 * Names the runs in progress. Node cannot follow a callback to its run: one queue of Effect's scheduler has the fibers of all
 * runs.
 */
const logged = (error: unknown, { policy, runsInProgress }: UncaughtErrors): Effect.Effect<void> => {
  const runs = runsInProgress()
  const during =
    runs.length === 0
      ? "while no run was in progress"
      : `while ${runs.length === 1 ? "this run was" : `${runs.length} runs were`} in progress: ${runs.slice(0, maxNamed).join(", ")}`
  const after = policy === "restart" ? "The process finishes its runs and ends." : "The service continues."
  return Effect.logError(
    `The pipeline has an uncaught error, ${during}. ${after} ${RunFailures.renderDefect(error)}`
  ).pipe(Effect.annotateLogs({ runsInProgress: runs.slice(0, maxNamed) }))
}

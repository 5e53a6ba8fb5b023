/** Errors that code of the pipeline throws outside of a run, such as in a timer. */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"

/** Reports uncaught errors, which do not end the process, until the scope closes. */
export const report = (report: (message: string) => Effect.Effect<void>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const listener = (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      Runtime.runFork(runtime)(report(`an uncaught error: ${text}`))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("uncaughtException", listener)),
      () => Effect.sync(() => process.off("uncaughtException", listener))
    )
  })

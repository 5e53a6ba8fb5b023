import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import type * as Scope from "effect/Scope"
import type * as Esbuild from "esbuild"

/** esbuild has one service process for all bundlers of this process; the last one stops it. */
const service = globalValue(Symbol.for("effect-deployers/Bundle/Esbuild/service"), () => ({
  users: 0,
  started: false
}))

/** Loads esbuild on demand, so that an import of this library does not. */
const load: Effect.Effect<typeof Esbuild, unknown> = Effect.tryPromise({
  try: () => import("esbuild"),
  catch: (cause) => cause
})

/** The same as {@link load}, for a service that must be stopped later. */
const start = Effect.tap(load, () => {
  service.started = true
})

/** Stops the service process when the last scope closes. */
export const stopWithScope: Effect.Effect<void, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    service.users++
  }),
  () =>
    Effect.suspend(() => {
      service.users--
      if (service.users > 0 || !service.started) return Effect.void
      service.started = false
      return stop
    })
)

const stop = load.pipe(
  Effect.flatMap((esbuild) => Effect.promise(() => esbuild.stop())),
  Effect.ignore
)

/** Builds in memory, and again as long as `again` says so; a build that is interrupted is cancelled. */
export const build = <O extends Esbuild.BuildOptions>(
  options: O & Esbuild.BuildOptions,
  again: () => boolean
): Effect.Effect<Esbuild.BuildResult<O>, unknown> =>
  Effect.flatMap(start, (esbuild) =>
    Effect.acquireUseRelease(
      Effect.tryPromise({ try: () => esbuild.context<Esbuild.BuildOptions>(options), catch: (cause) => cause }),
      (context) => {
        const rebuild = Effect.tryPromise({ try: () => context.rebuild(), catch: (cause) => cause })
        return Effect.repeat(rebuild, { while: again })
      },
      (context) => Effect.promise(() => context.cancel().then(() => context.dispose()))
    )
  )

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
export const load: Effect.Effect<typeof Esbuild, unknown> = Effect.tryPromise({
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

/** Turns the text of one module into JavaScript. */
export const transform = (text: string, options: Esbuild.TransformOptions): Effect.Effect<string, unknown> =>
  Effect.flatMap(start, (esbuild) =>
    Effect.tryPromise({ try: () => esbuild.transform(text, options).then(({ code }) => code), catch: (cause) => cause })
  )

/** Builds in memory. */
export const build = <O extends Esbuild.BuildOptions>(
  options: O & Esbuild.BuildOptions
): Effect.Effect<Esbuild.BuildResult<O>, unknown> =>
  Effect.scoped(Effect.flatMap(context(options), (rebuild) => rebuild))

/** Makes a build in memory that can be repeated. One that is interrupted is cancelled. */
export const context = <O extends Esbuild.BuildOptions>(
  options: O & Esbuild.BuildOptions
): Effect.Effect<Effect.Effect<Esbuild.BuildResult<O>, unknown>, unknown, Scope.Scope> =>
  Effect.flatMap(start, (esbuild) =>
    Effect.acquireRelease(
      Effect.tryPromise({ try: () => esbuild.context<Esbuild.BuildOptions>(options), catch: (cause) => cause }),
      (context) => Effect.promise(() => context.cancel().then(() => context.dispose()))
    )
  ).pipe(
    Effect.map((context) =>
      Effect.tryPromise({
        try: () => context.rebuild() as Promise<Esbuild.BuildResult<O>>,
        catch: (cause) => cause
      })
    )
  )

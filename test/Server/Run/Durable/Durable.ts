/** Services that share a run store, as processes that follow each other do. */
import { Context, Effect, ExecutionStrategy, Exit, Layer, Schedule, Scope } from "effect"
import type { Pipeline, Settings } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { RunStore } from "../../../../src/Store/RunStore.js"
import { serving } from "../../Harness.js"

export interface Service {
  /** Runs a request against the service. */
  readonly at: <A, E>(effect: Effect.Effect<A, E, Serve.Served | RunStore>) => Effect.Effect<A, E>
  /** Ends the service as SIGTERM does. */
  readonly drain: Effect.Effect<void>
  /** Releases it without a drain, as a kill does for everything but the store. */
  readonly kill: Effect.Effect<void>
}

/** Starts a service of a pipeline over the store in context. A further one takes the runs of those before. */
export const start = (
  pipeline: Pipeline.Any,
  settings: Settings.ServingInput
): Effect.Effect<Service, never, RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* RunStore
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const layer = Layer.provideMerge(serving(pipeline, { serving: settings }), Layer.succeed(RunStore, store))
    const context = yield* Effect.orDie(Layer.buildWithScope(Layer.fresh(layer), scope))
    return {
      at: (effect) => Effect.provide(effect, context),
      drain: Context.get(context, Serve.Served).drain,
      kill: Scope.close(scope, Exit.void)
    }
  })

/** Tries again until it holds, for twenty seconds at most. */
export const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, Schedule.intersect(Schedule.spaced("10 millis"), Schedule.recurs(2_000)))

/** The run, once it has ended. */
export const ended = (id: string) =>
  Effect.flatMap(RunStore, (store) => store.find(id)).pipe(
    Effect.flatten,
    Effect.filterOrFail(({ status }) => status !== "queued" && status !== "running"),
    eventually,
    Effect.orDie
  )

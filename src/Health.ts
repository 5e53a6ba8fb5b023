/**
 * The health of what a pipeline depends on. A layer contributes a check; the service runs it while it serves, shows it in
 * `/health`, and is not ready while it fails.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"

/**
 * The options of a check.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckOptions {
  /** The time between the end of one look and the next; default 5 seconds. */
  readonly every?: Duration.DurationInput | undefined
  /** The longest time of one look, after which it has failed; default 2 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * A check that a layer contributes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check {
  readonly name: string
  /** One look: the reason of a failure, or none. */
  readonly look: Effect.Effect<Option.Option<string>>
  readonly every: Duration.Duration
}

/**
 * Takes the checks of layers. The serving runtime provides it; elsewhere checks are not run, so it never shows up in `R`.
 *
 * @category services
 * @since 0.1.0
 */
export class Checks extends Context.Reference<Checks>()("effect-deployers/Health/Checks", {
  defaultValue: (): { readonly add: (check: Check) => Effect.Effect<void, never, Scope.Scope> } => ({
    add: () => Effect.void
  })
}) {}

/**
 * A layer that contributes a check, for as long as the layer lives.
 *
 * **Details**
 *
 * The first look is a part of the start of a service. A check that fails has status `fail` in `/health` with the message of
 * its failure, the service is not ready, and a deploy of it does not succeed. A defect shows no details there; the log has
 * them. Readers of `/health` need no key, so a message must not contain secrets.
 *
 * @param name The name in `/health`. A second check of the same name replaces the first.
 * @param effect Succeeds while all is well.
 *
 * @example
 * ```ts
 * import { Context, Effect, Layer, Schema } from "effect"
 * import { Health, Pipeline } from "effect-deployers"
 *
 * class ModelGone extends Schema.TaggedError<ModelGone>()("ModelGone", { message: Schema.String }) {}
 *
 * class Model extends Context.Tag("Model")<
 *   Model,
 *   { readonly predict: (x: number) => Effect.Effect<number>; readonly ping: Effect.Effect<void, ModelGone> }
 * >() {}
 *
 * const ModelLive = Layer.succeed(Model, { predict: (x) => Effect.succeed(2 * x), ping: Effect.void })
 *
 * const ModelHealth = Health.check("model", Effect.flatMap(Model, ({ ping }) => ping), { every: "10 seconds" })
 *
 * export const double = Pipeline.make("double", {
 *   input: Schema.Struct({ x: Schema.Number }),
 *   output: Schema.Struct({ y: Schema.Number }),
 *   run: ({ x }) => Effect.map(Effect.flatMap(Model, ({ predict }) => predict(x)), (y) => ({ y }))
 * }).pipe(Pipeline.provide(Layer.provideMerge(ModelHealth, ModelLive)))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const check = <E, R>(
  name: string,
  effect: Effect.Effect<unknown, E, R>,
  options: CheckOptions = {}
): Layer.Layer<never, never, R> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const context = yield* Effect.context<R>()
      const timeout = Duration.decode(options.timeout ?? "2 seconds")
      const { add } = yield* Checks
      yield* add({
        name,
        look: look(name, Effect.provide(effect, context), timeout),
        every: Duration.decode(options.every ?? "5 seconds")
      })
    })
  )

// internal

/** A look that ignores its interruption is left behind at the deadline. */
const look = <E>(
  name: string,
  effect: Effect.Effect<unknown, E>,
  timeout: Duration.Duration
): Effect.Effect<Option.Option<string>> =>
  Effect.as(effect, Option.none<string>()).pipe(
    Effect.disconnect,
    Effect.timeoutTo({
      duration: timeout,
      onSuccess: (reason) => reason,
      onTimeout: () => Option.some(`It did not answer within ${Duration.format(timeout)}.`)
    }),
    Effect.catchAllCause((cause) =>
      Option.match(Cause.failureOption(cause), {
        onSome: (error) => Effect.succeedSome(reasonOf(error)),
        onNone: () =>
          Effect.as(
            Effect.logError(`The health check "${name}" failed unexpectedly.`, cause),
            Option.some("It failed unexpectedly; the log of the service has the details.")
          )
      })
    )
  )

const reasonOf = (error: unknown): string => {
  const message = Predicate.hasProperty(error, "message") ? error.message : error
  if (Predicate.isString(message) && message !== "") return message
  return Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag) ? error._tag : "It failed."
}

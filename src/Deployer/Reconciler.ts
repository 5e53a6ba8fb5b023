/** Continuous reconciling, for programs that run for long. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Deployer, type ReconcileReport } from "../Deployer.js"

/**
 * Intervals of reconciling.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Time between two full passes, independent of hints; default 10 seconds. */
  readonly every?: Duration.DurationInput | undefined
  /** Time in which hints are collected before they cause a pass; default 200 milliseconds. */
  readonly debounce?: Duration.DurationInput | undefined
  /** @deprecated Use `debounce`. */
  readonly settle?: Duration.DurationInput | undefined
}

/**
 * Reports of reconciling, one for each pass, without end: a pass at once, one for each hint of the engine, and one each
 * period. A failed pass is an element too, and the next one follows.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { Reconciler } from "effect-deployers"
 *
 * const program = Stream.runForEach(Reconciler.passes({ every: "30 seconds" }), (pass) =>
 *   pass._tag === "Right" ? Effect.log(`${pass.right.actions.length} actions`) : Effect.logWarning(pass.left.message)
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const passes = ({ every = "10 seconds", settle = "200 millis", debounce = settle }: Options = {}) =>
  Stream.unwrap(
    Effect.map(Deployer, ({ changes, reconcile }) => {
      const hints = changes.pipe(Stream.debounce(debounce), Stream.buffer({ capacity: 1, strategy: "sliding" }))
      const periods = Stream.fromSchedule(Schedule.spaced(every))
      return Stream.make(0).pipe(
        Stream.concat(Stream.merge(hints, periods)),
        Stream.mapEffect(() => Effect.either(reconcile))
      )
    })
  )

/**
 * Reconciles until it is interrupted and logs what it does.
 *
 * @category running
 * @since 0.1.0
 */
export const run = (options: Options = {}): Effect.Effect<never, never, Deployer> =>
  Effect.zipRight(
    Stream.runForEach(passes(options), (pass) =>
      pass._tag === "Right" ? logReport(pass.right) : Effect.logError(pass.left.message)
    ),
    Effect.never
  )

/**
 * The same in the background, for as long as the layer lives. Provide it beside the layers of your deployer.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Reconciler } from "effect-deployers"
 * import { Embedded } from "effect-deployers/Local"
 *
 * const live = Layer.provideMerge(Reconciler.layer({ every: "30 seconds" }), Embedded.layer())
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, Deployer> =>
  Layer.scopedDiscard(Effect.forkScoped(run(options)))

// internal

const logReport = ({ actions, unavailable }: ReconcileReport): Effect.Effect<void> =>
  Effect.zipRight(
    Effect.forEach(unavailable, (reason) => Effect.logWarning(reason), { discard: true }),
    Effect.forEach(
      actions,
      ({ action, deployment, detail, failure, outcome }) =>
        outcome === "failed"
          ? Effect.logWarning(`${deployment}: ${action} (${detail}) failed: ${failure}`)
          : Effect.logInfo(`${deployment}: ${action} (${detail})`),
      { discard: true }
    )
  )

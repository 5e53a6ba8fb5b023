/**
 * The faults of one process: every call its services make passes here, is numbered, and goes wrong if the plan says so.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Failure, Failures } from "./Failures.js"
import { type Fault, type Mode, none, type Plan, type Point } from "./Fault.js"
import { wrapWith } from "./Wrap.js"

/**
 * A fault that happened.
 *
 * @category models
 * @since 0.1.0
 */
export interface Firing {
  readonly point: Point
  readonly mode: Mode
}

/**
 * The faults of one process.
 *
 * **Details**
 *
 * A process that crashed does nothing any more: calls under way never return, later ones are never made. Its fibers are
 * not interrupted, because a killed process has no finalizers; they are just left. A frozen process makes its next call,
 * and hears the answer of its last, when it is thawed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Injector {
  /** The same service with every call an effect point. Members that cannot fail, and values, stay usable as they are. */
  readonly wrap: <S extends object>(name: string, service: S, failures: Failures<S>) => S
  /** One effect point by hand, for what is no service object. */
  readonly at: <A, E, R>(name: string, failure: Failure<E>, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Sets the plan and numbers points from 1 again. */
  readonly use: (plan: Plan) => Effect.Effect<void>
  /** Calls made since the plan was set. */
  readonly points: ReadonlyArray<Point>
  /** Faults that happened since the plan was set. */
  readonly fired: ReadonlyArray<Firing>
  readonly crash: Effect.Effect<void>
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
  readonly isDead: Effect.Effect<boolean>
  /** Succeeds when the process has crashed. */
  readonly died: Effect.Effect<void>
  /** Goes on if the process does: waits while it is frozen, for ever once it is dead. */
  readonly gate: Effect.Effect<void>
}

/**
 * The faults of a new process. Nothing goes wrong until a plan is set.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { DeploymentStore } from "effect-deployers/Store"
 * import { Faults } from "effect-deployers/Testing"
 *
 * const forgetful = Effect.gen(function* () {
 *   const faults = yield* Faults.make()
 *   const store = faults.wrap("store", yield* DeploymentStore.DeploymentStore, Faults.deploymentStore)
 *   yield* faults.use(Faults.once(3, Faults.actThenFail))
 *   return store
 * })
 * ```
 *
 * @param options.onFault is told of every fault as it happens
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: { readonly onFault?: ((firing: Firing) => void) | undefined } = {}
): Effect.Effect<Injector> =>
  Effect.gen(function* () {
    const death = yield* Deferred.make<void>()
    const thawed = yield* Effect.makeLatch(true)
    let dead = false
    let plan: Plan = none
    const points: Array<Point> = []
    const fired: Array<Firing> = []

    const gate = Effect.zipRight(
      Effect.yieldNow(),
      Effect.suspend(() =>
        dead
          ? forever
          : Effect.zipRight(
              thawed.await,
              Effect.suspend(() => (dead ? forever : Effect.void))
            )
      )
    )
    const crash = Effect.suspend(() => {
      dead = true
      return Effect.asVoid(Deferred.succeed(death, undefined))
    })

    const decide = (name: string, canFail: boolean): Fault | undefined => {
      const point = { number: points.length + 1, name, service: name.split(".")[0] ?? name }
      points.push(point)
      const fault = plan(point)
      if (fault === undefined || (!canFail && failing.has(fault.mode))) return undefined
      const firing = { point, mode: fault.mode }
      fired.push(firing)
      options.onFault?.(firing)
      return fault
    }

    const replied = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.flatMap(Effect.exit(effect), (exit) => Effect.zipRight(gate, exit))

    const disturbed = <A, E, R>(
      name: string,
      failure: Failure<E> | undefined,
      fault: Fault,
      act: Effect.Effect<A, E, R>
    ): Effect.Effect<A, E, R> => {
      switch (fault.mode) {
        case "failBefore":
          return failure === undefined ? act : Effect.fail(failure.before(name))
        case "actThenFail":
          return failure === undefined
            ? act
            : Effect.zipRight(replied(Effect.either(act)), Effect.fail((failure.after ?? failure.before)(name)))
        case "hang":
          return failure?.late === undefined
            ? forever
            : Effect.delay(Effect.fail(failure.late.error(name)), failure.late.deadline)
        case "slow":
          return Effect.zipRight(Effect.zipRight(Effect.sleep(fault.by), gate), replied(act))
        case "freeze":
          return Effect.zipRight(Effect.zipRight(thawed.close, gate), replied(act))
        case "crash":
          return Effect.zipRight(crash, forever)
        case "actThenCrash":
          return Effect.zipRight(Effect.zipRight(Effect.either(act), crash), forever)
      }
    }

    const around = <A, E, R>(
      name: string,
      failure: Failure<E> | undefined,
      act: Effect.Effect<A, E, R>
    ): Effect.Effect<A, E, R> =>
      Effect.zipRight(
        gate,
        Effect.suspend(() => {
          const fault = decide(name, failure !== undefined)
          return fault === undefined ? replied(act) : disturbed(name, failure, fault, act)
        })
      )

    const aroundStream = <A, E, R>(
      name: string,
      failure: Failure<E> | undefined,
      stream: Stream.Stream<A, E, R>
    ): Stream.Stream<A, E, R> =>
      Stream.unwrap(
        Effect.zipRight(
          gate,
          Effect.suspend(() => {
            const fault = decide(name, failure !== undefined)
            if (fault === undefined) return Effect.succeed(stream)
            if (fault.mode === "actThenFail" && failure !== undefined) {
              return Effect.succeed(Stream.concat(stream, Stream.fail((failure.after ?? failure.before)(name))))
            }
            return disturbed(name, failure, fault, Effect.succeed(stream))
          })
        )
      )

    return {
      wrap: wrapWith({ effect: around, stream: aroundStream }),
      at: around,
      use: (next) =>
        Effect.sync(() => {
          plan = next
          points.length = 0
          fired.length = 0
        }),
      points,
      fired,
      crash,
      freeze: thawed.close,
      thaw: thawed.open,
      isDead: Effect.sync(() => dead),
      died: Deferred.await(death),
      gate
    }
  })

/**
 * The default duration of a slow call.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultSlowness = Duration.seconds(3)

// internal

const failing: ReadonlySet<Mode> = new Set(["failBefore", "actThenFail"])

/** `Effect.never` keeps a timer; thousands of abandoned fibers would keep thousands. */
const forever: Effect.Effect<never> = Effect.async<never>(() => undefined)

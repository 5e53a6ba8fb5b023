/** The faults of an effect point, and plans of the time at which they happen. */
import * as Duration from "effect/Duration"
import { PCGRandom } from "effect/Utils"

/**
 * One call of a service that acts on the world outside, numbered from 1 in the order calls are made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Point {
  readonly number: number
  /** The service and its member, such as `store.commit` or `engine.containers.create`. */
  readonly name: string
  /** The part of the name before the first dot. */
  readonly service: string
}

/**
 * A fault at an effect point.
 *
 * **Details**
 *
 * `failBefore` nothing is done and the call fails. `actThenFail` it is done and the reply is lost. `hang` nothing is done
 * and no answer comes (within the service's deadline, if it promises one). `slow` it is done later. `crash` the process
 * dies before anything is done, `actThenCrash` right after. `freeze` the process stops until it is thawed, then the call is
 * made as if nothing had been.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault =
  | { readonly mode: "failBefore" | "actThenFail" | "hang" | "crash" | "actThenCrash" | "freeze" }
  | { readonly mode: "slow"; readonly by: Duration.Duration }

/**
 * The names of what can go wrong.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = Fault["mode"]

/**
 * Nothing is done and the call fails.
 *
 * @category constructors
 * @since 0.1.0
 */
export const failBefore: Fault = { mode: "failBefore" }

/**
 * It is done, and the reply is lost.
 *
 * @category constructors
 * @since 0.1.0
 */
export const actThenFail: Fault = { mode: "actThenFail" }

/**
 * Nothing is done and no answer comes, or a late failure from services that promise a deadline.
 *
 * @category constructors
 * @since 0.1.0
 */
export const hang: Fault = { mode: "hang" }

/**
 * The process dies before anything is done.
 *
 * @category constructors
 * @since 0.1.0
 */
export const crash: Fault = { mode: "crash" }

/**
 * The call acts, and the process dies before it receives the reply.
 *
 * @category constructors
 * @since 0.1.0
 */
export const actThenCrash: Fault = { mode: "actThenCrash" }

/**
 * The process stops until it is thawed, and then makes the call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const freeze: Fault = { mode: "freeze" }

/**
 * The call is made after a while.
 *
 * @category constructors
 * @since 0.1.0
 */
export const slow = (by: Duration.DurationInput): Fault => ({ mode: "slow", by: Duration.decode(by) })

/**
 * Decides what happens at a point; `undefined` lets the call be.
 *
 * @category models
 * @since 0.1.0
 */
export type Plan = (point: Point) => Fault | undefined

/**
 * Nothing goes wrong.
 *
 * @category plans
 * @since 0.1.0
 */
export const none: Plan = () => undefined

/**
 * Something goes wrong at one point only.
 *
 * @category plans
 * @since 0.1.0
 */
export const once =
  (at: number, fault: Fault): Plan =>
  ({ number }) =>
    number === at ? fault : undefined

/**
 * Something goes wrong at a point and at every later one.
 *
 * @category plans
 * @since 0.1.0
 */
export const fromNOn =
  (from: number, fault: Fault): Plan =>
  ({ number }) =>
    number >= from ? fault : undefined

/**
 * The service that has a point goes away there and stays away; the others go on.
 *
 * @category plans
 * @since 0.1.0
 */
export const outage = (from: number, fault: Fault): Plan => {
  let gone: string | undefined
  return ({ number, service }) => {
    if (number === from) gone = service
    return service === gone ? fault : undefined
  }
}

/**
 * The first plan that decides something.
 *
 * @category plans
 * @since 0.1.0
 */
export const firstOf =
  (...plans: ReadonlyArray<Plan>): Plan =>
  (point) => {
    for (const plan of plans) {
      const fault = plan(point)
      if (fault !== undefined) return fault
    }
    return undefined
  }

/**
 * The frequency of random faults.
 *
 * @category models
 * @since 0.1.0
 */
export interface Buggify {
  readonly seed: number
  /** Probability that a site (a name of points) goes wrong at all; default 0.25. */
  readonly sites?: number | undefined
  /** Probability that a call of such a site does; default 0.25. */
  readonly fires?: number | undefined
  /** The faults; each time one of them is drawn. */
  readonly faults: ReadonlyArray<Fault>
}

/**
 * Things go wrong at random, always the same with the same seed: some sites never, the others now and then.
 *
 * @category plans
 * @since 0.1.0
 */
export const buggify = ({ faults, fires = 0.25, seed, sites = 0.25 }: Buggify): Plan => {
  const random = new PCGRandom(seed)
  const enabled = new Map<string, boolean>()
  return ({ name }) => {
    const known = enabled.get(name) ?? random.number() < sites
    enabled.set(name, known)
    return known && random.number() < fires ? faults[random.integer(faults.length)] : undefined
  }
}

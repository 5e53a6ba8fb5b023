/** The commands of a simulated life, drawn from a seed. */
import { PCGRandom } from "effect/Utils"
import type { Buggify } from "../../Testing/Faults.js"
import * as Faults from "../../Testing/Faults.js"
import type { SnapshotKind } from "./SimulatedCluster.js"

/**
 * An operation of a deployer. It is given `wait` minutes (0: none) before the next command, and goes on in the background
 * if it has not ended by then.
 *
 * @category models
 * @since 0.1.0
 */
export type Asked = { readonly by: number; readonly wait: number } & (
  | { readonly what: "provision" | "provision at a fixed port"; readonly name: string; readonly kind: SnapshotKind }
  | { readonly what: "rollback" | "reprovision" | "deprovision" | "delete" | "refresh"; readonly name: string }
  | { readonly what: "reconcile" }
)

/**
 * Something that happens to controllers, engine, registry, instances or the clock.
 *
 * @category models
 * @since 0.1.0
 */
export type Event =
  | { readonly what: "time passes"; readonly seconds: number }
  | { readonly what: "crash" | "freeze" | "thaw"; readonly by: number }
  | { readonly what: "engine down" | "engine slow" | "reply lost" | "registry busy" | "registry failing" | "all clear" }
  | { readonly what: "engine restarts"; readonly how: "SIGTERM" | "SIGKILL" }
  | { readonly what: "kill" | "remove" | "pause" | "unpause"; readonly nth: number }
  | { readonly what: "clock jumps"; readonly seconds: number }

/**
 * One thing that happens in a simulated life: something a controller is asked for, or an event of the world.
 *
 * @category models
 * @since 0.1.0
 */
export type Command = Asked | Event

/**
 * Everything a seed decides.
 *
 * @category models
 * @since 0.1.0
 */
export interface Life {
  readonly seed: number
  /** True if a process can see that another one has ended. */
  readonly oneMachine: boolean
  /** The rates of random faults of calls; `undefined` for none. */
  readonly buggify: Pick<Buggify, "sites" | "fires"> | undefined
  readonly commands: ReadonlyArray<Command>
}

/**
 * The life of a seed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lifeOf = (seed: number): Life => {
  const random = new PCGRandom(seed)
  const buggify = pick(random, [undefined, undefined, { sites: 0.25, fires: 0.05 }, { sites: 0.25, fires: 0.25 }])
  const oneMachine = random.number() < 0.5
  const count = random.integer(20) + 12
  return { seed, oneMachine, buggify, commands: Array.from({ length: count }, () => draw(random)) }
}

/**
 * The random faults of a life: mostly failures and lost replies, sometimes worse.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mishaps: ReadonlyArray<Faults.Fault> = [
  Faults.failBefore,
  Faults.failBefore,
  Faults.failBefore,
  Faults.actThenFail,
  Faults.actThenFail,
  Faults.actThenFail,
  Faults.slow("1 second"),
  Faults.slow("4 seconds"),
  Faults.slow("20 seconds"),
  Faults.freeze,
  Faults.hang,
  Faults.crash,
  Faults.actThenCrash
]

/**
 * A command in a few words, to be read in a report.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describe = ({ what, ...details }: Command): string => {
  const said = Object.entries(details).map(([key, value]) => `${key} ${value}`)
  return said.length === 0 ? what : `${what} (${said.join(", ")})`
}

// internal

const pick = <A>(random: PCGRandom, from: ReadonlyArray<A>): A => from[random.integer(from.length)] as A

const controllers = 2
const names = ["a", "b"]
const kinds: ReadonlyArray<SnapshotKind> = [
  "good",
  "good",
  "better",
  "better",
  "best",
  "bad",
  "silent",
  "slow",
  "flaky"
]

type Draw = (random: PCGRandom) => Command

const asked = (random: PCGRandom) => ({ by: random.integer(controllers), wait: pick(random, [0, 0, 3, 3, 3, 30]) })

const of =
  (what: "rollback" | "reprovision" | "deprovision" | "delete" | "refresh"): Draw =>
  (random) => ({ what, name: pick(random, names), ...asked(random) })

const provision =
  (what: "provision" | "provision at a fixed port"): Draw =>
  (random) => ({
    what,
    // Two deployments cannot have the same port.
    name: what === "provision" ? pick(random, names) : "a",
    kind: pick(random, kinds),
    ...asked(random)
  })

const happens =
  (what: "engine down" | "engine slow" | "reply lost" | "registry busy" | "registry failing" | "all clear"): Draw =>
  () => ({ what })

const toOne =
  (what: "kill" | "remove" | "pause" | "unpause"): Draw =>
  (random) => ({ what, nth: random.integer(4) })

const toController =
  (what: "crash" | "freeze" | "thaw"): Draw =>
  (random) => ({ what, by: random.integer(controllers) })

const draws: ReadonlyArray<readonly [weight: number, draw: Draw]> = [
  [20, provision("provision")],
  [3, provision("provision at a fixed port")],
  [3, of("rollback")],
  [4, of("reprovision")],
  [4, of("deprovision")],
  [4, of("delete")],
  [8, of("refresh")],
  [10, (random) => ({ what: "reconcile", ...asked(random) })],
  [10, (random) => ({ what: "time passes", seconds: pick(random, [1, 4, 10, 16, 31, 61, 300]) })],
  [5, toController("crash")],
  [3, toController("freeze")],
  [4, toController("thaw")],
  [4, happens("engine down")],
  [1, happens("engine slow")],
  [3, happens("reply lost")],
  [2, happens("registry busy")],
  [1, happens("registry failing")],
  [6, happens("all clear")],
  [1, (random) => ({ what: "engine restarts", how: pick(random, ["SIGTERM", "SIGKILL"] as const) })],
  [3, toOne("kill")],
  [2, toOne("remove")],
  [1, toOne("pause")],
  [2, toOne("unpause")],
  [2, (random) => ({ what: "clock jumps", seconds: pick(random, [-10, -3, 5, 20, 90, 3_600]) })]
]

const total = draws.reduce((sum, [weight]) => sum + weight, 0)

const draw: Draw = (random) => {
  let left = random.integer(total)
  for (const [weight, one] of draws) {
    if (left < weight) return one(random)
    left -= weight
  }
  return { what: "all clear" }
}

/** All scenarios, broken off in all ways; and the hunt for a planted bug. */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { PCGRandom } from "effect/Utils"
import * as Faults from "../../Testing/Faults.js"
import { everyWay } from "./FaultMode.js"
import { scenarios } from "./Scenarios.js"
import { live } from "./Simulate.js"
import type { Sabotage, Worlds } from "./SimulatedCluster.js"
import { type Report, single, sweep } from "./Sweep.js"

/**
 * Cases in which a law was broken.
 *
 * @category errors
 * @since 0.1.0
 */
export class BrokenCases extends Schema.TaggedError<BrokenCases>()("BrokenCases", {
  flavor: Schema.String,
  cases: Schema.Array(Schema.Struct({ title: Schema.String, violations: Schema.Array(Schema.String) }))
}) {
  override get message(): string {
    const told = this.cases.map(({ title, violations }) => `  ${title}\n    ${violations.join("\n    ")}`)
    return `${this.cases.length} cases of ${this.flavor} break a law:\n${told.slice(0, 20).join("\n")}`
  }
}

/**
 * The operations of a sweep, and the points of each.
 *
 * @category models
 * @since 0.1.0
 */
export interface Swept {
  readonly cases: number
  /** Cases by scenario. */
  readonly byScenario: ReadonlyMap<string, number>
}

/**
 * Breaks off every scenario in every way, at every point or at every `stride`-th, beginning at another one in each sweep
 * so that together they meet all. The environment may say otherwise: `EFFECT_DEPLOYERS_STRIDE`.
 *
 * @example
 * ```ts
 * import { Simulation } from "effect-deployers/Conformance"
 *
 * const all = Simulation.sweepAll(Simulation.worldsOf(Simulation.inMemory), { stride: 1 })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const sweepAll = (
  worlds: Worlds,
  options: { readonly stride: number }
): Effect.Effect<Swept, BrokenCases | ConfigError> =>
  Effect.gen(function* () {
    const stride = yield* Config.withDefault(Config.integer("EFFECT_DEPLOYERS_STRIDE"), options.stride)
    const byScenario = new Map<string, number>()
    const broken: Array<Report> = []
    let turn = 0
    for (const scenario of scenarios) {
      for (const way of everyWay) {
        const reports = yield* sweep(worlds, scenario, way, { stride, first: 1 + (turn++ % stride) })
        byScenario.set(scenario.name, (byScenario.get(scenario.name) ?? 0) + reports.length)
        broken.push(...reports.filter(({ violations }) => violations.length > 0))
      }
    }
    yield* refuse(worlds, broken)
    return { cases: Array.from(byScenario.values()).reduce((sum, count) => sum + count, 0), byScenario }
  })

/**
 * A sample of double faults: one while the operation runs, another during the recovery from it.
 *
 * @category running
 * @since 0.1.0
 */
export const doubles = (
  worlds: Worlds,
  options: { readonly count: number; readonly seed?: number | undefined }
): Effect.Effect<Swept, BrokenCases> =>
  Effect.gen(function* () {
    const random = new PCGRandom(options.seed ?? 1)
    const calls = yield* pointsOf(worlds)
    const byScenario = new Map<string, number>()
    const broken: Array<Report> = []
    for (let count = 0; count < options.count; count++) {
      const first = drawCase(random, calls)
      const second = { way: pick(random, everyWay), at: 1 + random.integer(20) }
      const report = yield* single(worlds, { ...first, second })
      byScenario.set(first.scenario.name, (byScenario.get(first.scenario.name) ?? 0) + 1)
      if (report.violations.length > 0) broken.push(report)
    }
    yield* refuse(worlds, broken)
    return { cases: options.count, byScenario }
  })

/**
 * The case that finds a planted bug.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found {
  /** Lives and cases it took. */
  readonly tries: number
  readonly by: string
  readonly violation: string
}

/**
 * Looks for a planted bug, in turn with a life and with three cases drawn at random; none if `rounds` were not enough.
 *
 * @category running
 * @since 0.1.0
 */
export const hunt = (
  worlds: Worlds,
  sabotage: Sabotage | undefined,
  options: { readonly rounds: number; readonly seed?: number | undefined }
): Effect.Effect<Option.Option<Found>> =>
  Effect.gen(function* () {
    const from = options.seed ?? 1
    const random = new PCGRandom(from)
    const calls = yield* pointsOf(worlds)
    let tries = 0
    for (let round = 0; round < options.rounds; round++) {
      for (let draw = 0; draw < 3; draw++) {
        tries += 1
        const report = yield* single(worlds, drawCase(random, calls), sabotage)
        const [violation] = report.violations
        if (violation !== undefined) return Option.some({ tries, by: report.title, violation: violation.message })
      }
      tries += 1
      const { brokenAfter, violations } = yield* live(worlds, from + round, sabotage)
      const [violation] = violations
      if (violation !== undefined) {
        const by = `seed ${from + round}, ${brokenAfter === undefined ? "at the end" : `after ${brokenAfter}`}`
        return Option.some({ tries, by, violation: violation.message })
      }
    }
    return Option.none()
  })

// internal

const pick = <A>(random: PCGRandom, from: ReadonlyArray<A>): A => from[random.integer(from.length)] as A

const drawCase = (random: PCGRandom, calls: ReadonlyMap<string, number>) => {
  const scenario = pick(random, scenarios)
  return { scenario, way: pick(random, everyWay), at: 1 + random.integer(calls.get(scenario.name) ?? 1) }
}

/** The number of calls of each operation without faults. */
const pointsOf = (worlds: Worlds): Effect.Effect<ReadonlyMap<string, number>> =>
  Effect.map(
    Effect.forEach(scenarios, (scenario) =>
      Effect.map(
        single(worlds, { scenario, way: { fault: Faults.hang, persistence: "once" }, at: Number.POSITIVE_INFINITY }),
        ({ points }) => [scenario.name, points] as const
      )
    ),
    (counted) => new Map(counted)
  )

const refuse = (worlds: Worlds, broken: ReadonlyArray<Report>): Effect.Effect<void, BrokenCases> =>
  broken.length === 0
    ? Effect.void
    : new BrokenCases({
        flavor: worlds.flavor,
        cases: broken.map(({ title, violations }) => ({ title, violations: violations.map(({ message }) => message) }))
      })

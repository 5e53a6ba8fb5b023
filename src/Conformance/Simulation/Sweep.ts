/** Interrupts operations at every effect point, in each fault mode, and checks that everything recovers. */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type { Deployment } from "../../Deployment.js"
import * as Faults from "../../Testing/Faults.js"
import * as VirtualTime from "../../Testing/VirtualTime.js"
import * as Checks from "./Checks.js"
import { type FaultMode, planOf } from "./FaultMode.js"
import { type Law, Violation } from "./Laws.js"
import { type Outcome, run } from "./Operations.js"
import { reconcile, recover } from "./Recover.js"
import type { Controller, Sabotage, SimulatedCluster, Worlds } from "./SimulatedCluster.js"

/**
 * An operation to break off.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scenario {
  readonly name: string
  /** Makes what the operation works on; nothing goes wrong here. */
  readonly prepare: (world: SimulatedCluster) => Effect.Effect<unknown, { readonly _tag: string }>
  /** The operation, at each of whose points something goes wrong in turn. */
  readonly operation: (
    world: SimulatedCluster,
    controller: Controller
  ) => Effect.Effect<unknown, { readonly _tag: string }>
  /** The state of the deployment `a` after the operation has succeeded, or has failed as it must. */
  readonly leaves: (world: SimulatedCluster) => Checks.Expectation["is"]
  /** True if the operation must fail. */
  readonly fails?: boolean | undefined
  /** True if the deployment does not serve at first, and the operation reports its progress. */
  readonly mends?: boolean | undefined
}

/**
 * The result of a case.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  /** Such as `replace: hang once at 7 (store.begin)`. */
  readonly title: string
  /** True if the fault happened. */
  readonly fired: boolean
  readonly violations: ReadonlyArray<Violation>
  /** The number of calls of the operation. */
  readonly points: number
  /** The number of times that each event happened. */
  readonly happened: ReadonlyMap<string, number>
}

/**
 * An operation, a way to break it off, and at which point.
 *
 * @category models
 * @since 0.1.0
 */
export interface Case {
  readonly scenario: Scenario
  readonly way: FaultMode
  readonly at: number
  /** Another fault, at a point of the first attempt to recover. */
  readonly second?: { readonly way: FaultMode; readonly at: number } | undefined
}

/**
 * One case in a world of its own.
 *
 * @category running
 * @since 0.1.0
 */
export const single = (worlds: Worlds, broken: Case, sabotage?: Sabotage): Effect.Effect<Report> =>
  VirtualTime.run(Effect.scoped(runCase(worlds, broken, sabotage)), { seed: broken.at }).pipe(
    Effect.catchTag("Stalled", ({ message }) =>
      Effect.succeed({
        title: titleOf(broken, undefined),
        fired: true,
        violations: [new Violation({ law: "L5", detail: message })],
        points: 0,
        happened: new Map<string, number>()
      })
    ),
    Logger.withMinimumLogLevel(LogLevel.None)
  )

/**
 * Breaks an operation off in a way at point 1, 2, 3 and so on, until the fault does not happen any more. With a `stride`
 * (default 1) only at every so many points, beginning at `first` (default 1).
 *
 * @category running
 * @since 0.1.0
 */
export const sweep = (
  worlds: Worlds,
  scenario: Scenario,
  way: FaultMode,
  options: {
    readonly sabotage?: Sabotage | undefined
    readonly stride?: number | undefined
    readonly first?: number | undefined
  } = {}
): Effect.Effect<ReadonlyArray<Report>> =>
  Effect.gen(function* () {
    const reports: Array<Report> = []
    for (let at = options.first ?? 1; ; at += options.stride ?? 1) {
      const report = yield* single(worlds, { scenario, way, at }, options.sabotage)
      if (!report.fired) return reports
      reports.push(report)
    }
  })

// internal

const titleOf = ({ at, scenario, second, way }: Case, point: string | undefined): string => {
  const then = second === undefined ? "" : `, then ${second.way.fault.mode} ${second.way.persistence} at ${second.at}`
  return `${scenario.name}: ${way.fault.mode} ${way.persistence} at ${at}${point === undefined ? "" : ` (${point})`}${then}`
}

const runCase = (worlds: Worlds, broken: Case, sabotage: Sabotage | undefined) =>
  Effect.gen(function* () {
    const { at, scenario, second, way } = broken
    const world = yield* worlds.make({ sabotage, oneMachine: at % 2 === 0 })
    const { ledger } = world
    yield* Effect.catchAll(scenario.prepare(world), ({ _tag }) =>
      Effect.sync(() => ledger.break("S1", `the preparation failed with ${_tag}`))
    )
    const first = yield* world.controller
    const before = yield* Effect.orDie(world.registry.find("a"))
    const committedBefore = new Map(ledger.committed)
    yield* first.use(planOf(way, at))
    if (way.fault.mode === "freeze") yield* Effect.forkDaemon(takenOver(world, first))
    const outcome = yield* run(ledger, first, scenario.name, scenario.operation(world, first))
    const [fired] = first.faults.fired
    const points = first.faults.points.length
    const title = titleOf(broken, fired?.point.name)
    yield* first.use(Faults.none)
    yield* Checks.safety(world, { strict: outcome._tag === "succeeded" && scenario.mends !== true })
    yield* judge(world, scenario, outcome, before, committedBefore)
    if (fired !== undefined || outcome._tag !== "succeeded") {
      yield* recover(world, scenario, outcome, second)
    }
    return { title, fired: fired !== undefined, violations: ledger.violations, points, happened: ledger.happened }
  })

/** Another deployer reconciles while this one is frozen and its lease has expired; then this one wakes. */
const takenOver = (world: SimulatedCluster, frozen: Controller) =>
  Effect.gen(function* () {
    yield* Effect.sleep("3 minutes")
    yield* reconcile(world, yield* world.controller)
    yield* frozen.faults.thaw
  })

/** Checks the state right after the operation has ended, before any repair. */
const judge = (
  world: SimulatedCluster,
  scenario: Scenario,
  outcome: Outcome,
  before: Effect.Effect.Success<ReturnType<SimulatedCluster["registry"]["find"]>>,
  committedBefore: ReadonlyMap<string, number>
) =>
  Effect.gen(function* () {
    const { engine, ledger, registry } = world
    const after = yield* Effect.orDie(registry.find("a"))
    const moved = Array.from(ledger.committed).some(([id, generation]) => committedBefore.get(id) !== generation)
    if (outcome._tag === "succeeded") {
      if (scenario.fails === true) return ledger.break("S1", `${scenario.name} succeeded, but must fail`)
      if (scenario.mends === true) return
      yield* Checks.asExpected(world, { name: "a", is: scenario.leaves(world) }, "after success")
      if (scenario.leaves(world) === "gone" && Option.isSome(before)) {
        yield* Checks.gone(world, before.value.deployment.id, "after a delete that succeeded")
      }
      return
    }
    if (moved || takesDown(scenario.leaves(world))) return
    Checks.unchanged(world, before, after, `after ${scenario.name} ${outcome._tag}`)
    if (Option.isNone(before) || scenario.mends === true || scenario.name.includes("fixed port")) return
    yield* stillServes(before.value.deployment, engine.instances, ledger)
  })

const takesDown = (is: Checks.Expectation["is"]): boolean => is === "gone" || is === "stopped"

const stillServes = (
  { desired, generation, id }: Deployment,
  instances: SimulatedCluster["engine"]["instances"],
  ledger: { readonly break: (law: Law, detail: string) => void }
) =>
  Effect.map(instances, (all) => {
    if (desired !== "running" || generation === 0) return
    const serves = all.some((one) => one.deploymentId === id && one.generation === generation && one.answers)
    if (!serves) ledger.break("I4", `generation ${generation} no longer serves after a failed change`)
  })

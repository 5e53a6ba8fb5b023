/**
 * Lives a life: first anything may happen and the laws of safety hold throughout, then trouble stops and everything has to
 * come to rest.
 */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Faults from "../../Testing/Faults.js"
import * as VirtualTime from "../../Testing/VirtualTime.js"
import * as Checks from "./Checks.js"
import { type Command, describe, type Life, lifeOf } from "./Commands.js"
import type { Reality } from "./Flavor.js"
import { Violation } from "./Laws.js"
import { run } from "./Operations.js"
import type { Controller, Sabotage, SimulatedCluster, Worlds } from "./SimulatedCluster.js"
import { ask, quiet, type Stage, seated } from "./Stage.js"

/**
 * The result of a life.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lived {
  readonly life: Life
  readonly violations: ReadonlyArray<Violation>
  /** After which command the first law was broken; none if it was at the end. */
  readonly brokenAfter: string | undefined
  readonly happened: ReadonlyMap<string, number>
  /** The changes of registry and engine, in order, each with its process. */
  readonly log: ReadonlyArray<string>
  /** Virtual time, in seconds. */
  readonly seconds: number
}

/**
 * Lives the life of a seed, or a given one.
 *
 * @category running
 * @since 0.1.0
 */
export const live = (worlds: Worlds, life: number | Life, sabotage?: Sabotage): Effect.Effect<Lived> => {
  const lived = typeof life === "number" ? lifeOf(life) : life
  return VirtualTime.run(Effect.scoped(lifetime(worlds, lived, sabotage)), {
    seed: lived.seed,
    shuffled: true,
    limit: "300 days"
  }).pipe(
    Effect.catchTag("Stalled", (stalled) =>
      Effect.succeed({
        life: lived,
        violations: [new Violation({ law: "L5", detail: stalled.message })],
        brokenAfter: undefined,
        happened: new Map<string, number>(),
        log: [],
        seconds: stalled.elapsedMillis / 1_000
      })
    ),
    Logger.withMinimumLogLevel(LogLevel.None)
  )
}

// internal

const lifetime = (worlds: Worlds, life: Life, sabotage: Sabotage | undefined) =>
  Effect.gen(function* () {
    const time = yield* VirtualTime.VirtualTime
    const world = yield* worlds.make({ sabotage, oneMachine: life.oneMachine })
    const stage: Stage = { world, life, seats: new Map(), underWay: new Set(), touched: new Map() }
    let brokenAfter: string | undefined
    for (const command of life.commands) {
      world.ledger.log.push(`- ${describe(command)}`)
      yield* perform(stage, command)
      yield* Checks.safety(world)
      world.ledger.note(`command ${command.what}`)
      if (world.ledger.violations.length > 0) {
        brokenAfter = describe(command)
        break
      }
    }
    if (brokenAfter === undefined) yield* comeToRest(stage)
    const { happened, log, violations } = world.ledger
    return { life, violations, brokenAfter, happened, log, seconds: (yield* time.elapsed) / 1_000 }
  })

const changes = /^engine\.(provision|deprovision|destroy|containers\.(create|start|stop|remove)|networks\.)/

const perform = (stage: Stage, command: Command): Effect.Effect<void, never, VirtualTime.VirtualTime> => {
  const { world } = stage
  const { engine, weather } = world
  const add = (hits: RegExp, fault: Faults.Fault, times?: number) =>
    Effect.sync(() => {
      weather.push({ hits, fault, times })
    })
  switch (command.what) {
    case "time passes":
      return Effect.sleep(command.seconds * 1_000)
    case "crash":
      return Effect.flatMap(seated(stage, command.by), ({ faults }) => faults.crash)
    case "freeze":
      return Effect.flatMap(seated(stage, command.by), ({ faults }) => faults.freeze)
    case "thaw":
      return Effect.flatMap(seated(stage, command.by), ({ faults }) => faults.thaw)
    case "engine down":
      return add(/^engine\./, Faults.failBefore)
    case "engine slow":
      return add(/^engine\./, Faults.slow("7 seconds"))
    case "reply lost":
      return add(changes, Faults.actThenFail, 1)
    case "registry busy":
      return add(/^store\./, Faults.failBefore, 3)
    case "registry failing":
      return add(/^(store|events|snapshots)\./, Faults.failBefore)
    case "all clear":
      return Effect.sync(() => void weather.splice(0))
    case "engine restarts":
      return engine.restart(command.how)
    case "kill":
      return toInstance(world, command.nth, ({ key }) => engine.kill(key))
    case "remove":
      return toInstance(world, command.nth, ({ key }) => engine.remove(key))
    case "pause":
      return toInstance(world, command.nth, ({ key, status }) =>
        status === "running" ? engine.pause(key) : Effect.void
      )
    case "unpause":
      return toInstance(world, command.nth, ({ key }) => engine.unpause(key))
    case "clock jumps":
      return Effect.flatMap(VirtualTime.VirtualTime, ({ jump }) => jump(command.seconds * 1_000))
    default:
      return ask(stage, command)
  }
}

const toInstance = (
  { engine }: SimulatedCluster,
  nth: number,
  act: (instance: Reality) => Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.flatMap(engine.instances, (instances) => {
    const found = instances[nth % Math.max(1, instances.length)]
    return found === undefined ? Effect.void : act(found)
  })

/** Laws L1, L3, L5, I15, I16: trouble stops, one controller is left, time passes. */
const comeToRest = (stage: Stage): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { seats, world } = stage
    const { engine, ledger } = world
    world.weather.splice(0)
    for (const controller of world.controllers) {
      yield* controller.use(Faults.none)
      yield* controller.faults.thaw
    }
    yield* quiet(stage)
    yield* Checks.safety(world)
    for (const { faults } of seats.values()) yield* faults.crash
    for (const { key } of yield* engine.instances) yield* engine.unpause(key)
    const last = yield* world.controller
    yield* Effect.sleep("11 minutes")
    yield* reconciled(world, last)
    yield* Effect.sleep("1 minute")
    yield* reconciled(world, last)
    for (const [law, detail] of yield* Checks.unsettled(world)) ledger.break(law, `${detail}, in the end`)
    yield* Checks.safety(world)
    yield* idle(world, last)
    yield* removeAll(world, last)
  })

const reconciled = (world: SimulatedCluster, last: Controller) =>
  Effect.map(run(world.ledger, last, "the last reconcile", last.deployer.reconcile), (outcome) => {
    if (outcome._tag !== "succeeded") {
      world.ledger.break(
        "L1",
        `with nothing wrong, reconcile ${outcome._tag}${outcome._tag === "failed" ? `: ${outcome.error}` : ""}`
      )
    }
  })

const idle = (world: SimulatedCluster, last: Controller) =>
  Effect.gen(function* () {
    const before = yield* world.engine.mutations
    yield* reconciled(world, last)
    const made = (yield* world.engine.mutations) - before
    if (made > 0) world.ledger.break("I15", `a reconcile without differences made ${made} changes`)
  })

const removeAll = (world: SimulatedCluster, last: Controller) =>
  Effect.gen(function* () {
    for (const { deployment } of yield* Effect.orDie(world.registry.list())) {
      const outcome = yield* run(world.ledger, last, "the last delete", last.deployer.delete(deployment.id))
      if (outcome._tag !== "succeeded") world.ledger.break("L1", `without faults, delete ${outcome._tag}`)
      yield* Checks.gone(world, deployment.id, "after everything was deleted")
    }
  })

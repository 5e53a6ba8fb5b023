/** The stage of a simulated life: two seats for controllers, and the operations in progress. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Deployment } from "../../Deployment.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import * as Faults from "../../Testing/Faults.js"
import * as Checks from "./Checks.js"
import { type Asked, type Life, mishaps } from "./Commands.js"
import { type Outcome, run } from "./Operations.js"
import type { Controller, SimulatedCluster } from "./SimulatedCluster.js"

/** The stage of one life. */
export interface Stage {
  readonly world: SimulatedCluster
  readonly life: Life
  /** The controller at each seat; a new one follows a crashed one. */
  readonly seats: Map<number, Controller>
  readonly underWay: Set<Fiber.RuntimeFiber<void>>
  /** Grows with every operation on a deployment that begins or ends, by its name. */
  readonly touched: Map<string, number>
}

/** The controller at a seat now. */
export const seated = ({ life, seats, world }: Stage, seat: number): Effect.Effect<Controller> =>
  Effect.gen(function* () {
    const current = seats.get(seat)
    if (current !== undefined && !(yield* current.faults.isDead)) return current
    const next = yield* world.controller
    seats.set(seat, next)
    const seed = life.seed * 31 + world.controllers.length
    yield* next.use(
      life.buggify === undefined ? Faults.none : Faults.buggify({ seed, faults: mishaps, ...life.buggify })
    )
    return next
  })

/** Begins an operation and gives it its time. What it reported is checked when it ends. */
export const ask = (stage: Stage, asked: Asked): Effect.Effect<void> =>
  Effect.gen(function* () {
    const controller = yield* seated(stage, asked.by)
    const fiber = yield* Effect.forkDaemon(carryOut(stage, controller, asked))
    stage.underWay.add(fiber)
    fiber.addObserver(() => stage.underWay.delete(fiber))
    if (asked.wait > 0) yield* Effect.timeoutOption(Fiber.await(fiber), `${asked.wait} minutes`)
  })

/** Waits until every operation has ended, or was ended. */
export const quiet = ({ underWay }: Stage): Effect.Effect<void> =>
  Effect.forEach(Array.from(underWay), (fiber) => Fiber.await(fiber), { discard: true })

// internal

const operation = ({ world }: Stage, { atFixedPort, deployer }: Controller, asked: Asked) => {
  switch (asked.what) {
    case "provision":
      return deployer.provision(world.snapshots[asked.kind], { name: asked.name })
    case "provision at a fixed port":
      return atFixedPort(world.snapshots[asked.kind], asked.name)
    case "rollback":
      return deployer.rollback(asked.name)
    case "reprovision":
      return deployer.reprovision(asked.name)
    case "deprovision":
      return deployer.deprovision(asked.name)
    case "delete":
      return deployer.delete(asked.name)
    case "refresh":
      return deployer.refresh(asked.name)
    case "reconcile":
      return deployer.reconcile
  }
}

const carryOut = (stage: Stage, controller: Controller, asked: Asked): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { ledger, registry } = stage.world
    const name = "name" in asked ? asked.name : undefined
    const before = name === undefined ? Option.none() : yield* Effect.orDie(registry.find(name))
    const committed = Option.map(before, ({ deployment }) => ledger.committed.get(deployment.id))
    const began = touch(stage, name)
    const outcome = yield* run<unknown, { readonly _tag: string }>(
      ledger,
      controller,
      asked.what,
      operation(stage, controller, asked)
    )
    const alone = name !== undefined && touch(stage, name) === began + 1
    if (name === undefined) return noteActions(ledger, outcome)
    const now = yield* Effect.orDie(registry.find(name))
    const moved = Option.exists(
      before,
      ({ deployment: { id } }) => ledger.committed.get(id) !== Option.getOrUndefined(committed)
    )
    yield* judge(stage, asked, outcome, before, now, alone && !moved)
  })

/** A reconcile touches everything. */
const touch = ({ touched }: Stage, name: string | undefined): number => {
  for (const one of name === undefined ? ["a", "b"] : [name]) touched.set(one, (touched.get(one) ?? 0) + 1)
  return touched.get(name ?? "a") ?? 0
}

const noteActions = (ledger: SimulatedCluster["ledger"], outcome: Outcome): void => {
  if (outcome._tag !== "succeeded") return
  const { value } = outcome
  if (typeof value !== "object" || value === null || !("actions" in value) || !Array.isArray(value.actions)) return
  for (const action of value.actions) ledger.note(`reconcile ${String(action.action)} ${String(action.outcome)}`)
}

const hopeless: ReadonlySet<string> = new Set(["bad", "silent"])

const judge = (
  { world }: Stage,
  asked: Asked,
  outcome: Outcome,
  before: Option.Option<DeploymentRecord>,
  now: Option.Option<DeploymentRecord>,
  undisturbed: boolean
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { ledger } = world
    const told = `after ${asked.what} ${outcome._tag}`
    const provisions = asked.what === "provision" || asked.what === "provision at a fixed port"
    if (outcome._tag === "succeeded" && provisions) {
      if (hopeless.has(asked.kind)) ledger.break("S1", `a ${asked.kind} version was accepted`)
      const made = outcome.value as Deployment
      const same = Option.filter(now, ({ deployment }) => deployment.generation === made.generation)
      const wanted = world.snapshots[asked.kind].id
      if (Option.exists(same, ({ deployment }) => deployment.snapshot.id !== wanted)) {
        ledger.break("S1", `generation ${made.generation} is not what was provisioned ${told}`)
      }
      const behind = Option.exists(
        now,
        ({ deployment }) => deployment.id === made.id && deployment.generation < made.generation
      )
      if (behind) ledger.break("S1", `the registry does not know generation ${made.generation} ${told}`)
    }
    if (!undisturbed) return
    if (outcome._tag === "failed" && (provisions || asked.what === "rollback" || asked.what === "reprovision")) {
      Checks.unchanged(world, before, now, told)
    }
    if (outcome._tag === "succeeded" && asked.what === "delete" && Option.isSome(before)) {
      yield* Checks.gone(world, before.value.deployment.id, told)
    }
    if (outcome._tag === "succeeded" && asked.what === "deprovision") {
      yield* Checks.asExpected(world, { name: asked.name, is: "stopped" }, told)
    }
  })

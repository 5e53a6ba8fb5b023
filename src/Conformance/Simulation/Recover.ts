/** Recovery from an interrupted operation, and the checks of its result. */
import * as Effect from "effect/Effect"
import * as Checks from "./Checks.js"
import { planOf } from "./FaultMode.js"
import { type Outcome, run } from "./Operations.js"
import type { Controller, SimulatedCluster } from "./SimulatedCluster.js"
import type { Case, Scenario } from "./Sweep.js"

/** Heals: at most two reconciles, then at most one repetition, then a reconcile that has nothing to do. */
export const recover = (world: SimulatedCluster, scenario: Scenario, outcome: Outcome, second: Case["second"]) =>
  Effect.gen(function* () {
    const { ledger } = world
    if (second !== undefined) {
      const unlucky = yield* world.controller
      yield* unlucky.use(planOf(second.way, second.at))
      yield* run(ledger, unlucky, "reconcile", unlucky.deployer.reconcile)
      yield* unlucky.faults.crash
      yield* Checks.safety(world)
    }
    const helper = yield* world.controller
    yield* reconcile(world, helper)
    if ((yield* Checks.unsettled(world)).length > 0) {
      yield* Effect.sleep("30 seconds")
      yield* reconcile(world, helper)
    }
    for (const [law, detail] of yield* Checks.unsettled(world)) ledger.break(law, `${detail}, after two reconciles`)
    yield* Checks.safety(world)
    if (outcome._tag !== "succeeded") {
      const again = yield* run(ledger, helper, scenario.name, scenario.operation(world, helper))
      if (scenario.fails === true ? again._tag !== "failed" : again._tag !== "succeeded") {
        ledger.break(
          "I15",
          `repeated, ${scenario.name} ${again._tag}${again._tag === "failed" ? ` with ${again.error}` : ""}`
        )
      }
    }
    yield* Checks.asExpected(world, { name: "a", is: scenario.leaves(world) }, "in the end")
    for (const [law, detail] of yield* Checks.unsettled(world)) ledger.break(law, `${detail}, in the end`)
    yield* Checks.safety(world, { strict: true })
    yield* idle(world, helper)
  })

/** Reconciles with nothing wrong, which has to succeed. */
export const reconcile = (world: SimulatedCluster, helper: Controller) =>
  Effect.flatMap(run(world.ledger, helper, "reconcile", helper.deployer.reconcile), (outcome) =>
    Effect.sync(() => {
      if (outcome._tag !== "succeeded") return world.ledger.break("I15", `without faults, reconcile ${outcome._tag}`)
      for (const { action } of outcome.value.actions) world.ledger.note(`reconcile ${action}`)
    })
  )

/** Law I15: a reconcile of what is right changes nothing. */
const idle = ({ engine, ledger }: SimulatedCluster, helper: Controller) =>
  Effect.gen(function* () {
    const before = yield* engine.mutations
    const outcome = yield* run(ledger, helper, "reconcile", helper.deployer.reconcile)
    const made = (yield* engine.mutations) - before
    if (made > 0) ledger.break("I15", `a reconcile without differences made ${made} changes`)
    if (outcome._tag === "succeeded" && outcome.value.actions.length > 0) {
      ledger.break(
        "I15",
        `a reconcile of what was right did ${outcome.value.actions.map(({ action }) => action).join(", ")}`
      )
    }
  })

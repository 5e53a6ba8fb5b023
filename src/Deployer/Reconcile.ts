import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { RegistryMismatch } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type * as Settings from "../Settings.js"
import { type ReconcileAction, type ReconcileError, ReconcileReport } from "./Contract.js"
import type { DeployerContext } from "./DeployerContext.js"
import { type Action, isMutating } from "./Reconcile/Action.js"
import { describe } from "./Reconcile/Describe.js"
import { execute } from "./Reconcile/Execute.js"
import { type Gathered, gather } from "./Reconcile/Gather.js"
import { decide } from "./Reconcile/Plan.js"

/**
 * Makes registry and reality agree: gathers facts, decides, acts, and looks again as long as something was changed, a few
 * times at the most.
 */
export const reconcile = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>
): Effect.Effect<ReconcileReport, ReconcileError> => {
  const passes = (
    left: number,
    before: ReadonlyArray<ReconcileAction>
  ): Effect.Effect<ReconcileReport, ReconcileError> =>
    Effect.gen(function* () {
      const { actions, gathered } = yield* decision(kit)
      const done = yield* Effect.forEach(actions, (action) => attempt(kit, gathered, action))
      const report = reportOf(gathered, [...before, ...done.map(({ reported }) => reported)])
      const changed = done.some(({ action, reported }) => isMutating(action) && reported.outcome === "done")
      return changed && left > 1 ? yield* passes(left - 1, report.actions) : report
    })
  return passes(mostPasses, [])
}

/** What reconciling would do first. Reads only. */
export const reconcilePlan = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>
): Effect.Effect<ReconcileReport, ReconcileError> =>
  Effect.map(decision(kit), ({ actions, gathered }) =>
    reportOf(
      gathered,
      actions.map((action) => ({ ...describe(action), outcome: "planned" as const }))
    )
  )

// internal

/** A finished deletion may uncover nothing, an undone provision a broken old instance, a restored one nothing more. */
const mostPasses = 4

/** Somebody whose clock or registry differs a little may still be at something so young. */
const orphanGrace = "1 minute"

const decision = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(kit: DeployerContext<S, SI>) =>
  Effect.gen(function* () {
    const gathered = yield* gather(kit, orphanGrace)
    const { actions, evidence } = decide(gathered.facts)
    if (evidence.length > 0) return yield* new RegistryMismatch({ deployer: gathered.facts.deployer, evidence })
    return { gathered, actions }
  })

const attempt = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  gathered: Gathered,
  action: Action
): Effect.Effect<{ readonly action: Action; readonly reported: ReconcileAction }, StoreError> =>
  Effect.gen(function* () {
    const ended = yield* Effect.either(execute(kit, gathered.records)(action))
    if (Either.isRight(ended)) return { action, reported: { ...describe(action), outcome: "done" } }
    if (ended.left._tag === "StoreError") return yield* ended.left
    return { action, reported: { ...describe(action), outcome: "failed", failure: ended.left.message } }
  })

const reportOf = ({ facts, unavailable }: Gathered, actions: ReadonlyArray<ReconcileAction>): ReconcileReport =>
  new ReconcileReport({
    observed: facts.deployments.length,
    actions,
    // Who has nothing there does not miss it.
    unavailable: unavailable === undefined || facts.deployments.length === 0 ? [] : [unavailable.message]
  })

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { RegistryMismatch } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import { type ReconcileAction, type ReconcileError, ReconcileReport } from "./Contract.js"
import type { DeployerContext } from "./DeployerContext.js"
import { type Action, describe, isMutating } from "./Reconcile/Action.js"
import { execute } from "./Reconcile/Execute.js"
import { type Gathered, gather } from "./Reconcile/Gather.js"
import { decide } from "./Reconcile/Plan.js"

/**
 * Makes the registry and the engine agree: gathers facts, decides, acts, and repeats while something was changed, at most
 * {@link mostPasses} times.
 */
export const reconcile = (context: DeployerContext): Effect.Effect<ReconcileReport, ReconcileError> => {
  const passes = (
    left: number,
    before: ReadonlyArray<ReconcileAction>
  ): Effect.Effect<ReconcileReport, ReconcileError> =>
    Effect.gen(function* () {
      const { actions, gathered } = yield* decision(context)
      const done = yield* Effect.forEach(actions, (action) => attempt(context, gathered, action))
      const report = reportOf(gathered, [...before, ...done.map(({ reported }) => reported)])
      const changed = done.some(({ action, reported }) => isMutating(action) && reported.outcome === "done")
      return changed && left > 1 ? yield* passes(left - 1, report.actions) : report
    })
  return passes(mostPasses, [])
}

/** The actions of a first pass. Reads only. */
export const reconcilePlan = (context: DeployerContext): Effect.Effect<ReconcileReport, ReconcileError> =>
  Effect.map(decision(context), ({ actions, gathered }) =>
    reportOf(
      gathered,
      actions.map((action) => ({ ...describe(action), outcome: "planned" as const }))
    )
  )

// internal

/** An undone provision may uncover a broken old instance, whose restart uncovers nothing more. */
const mostPasses = 4

/** Another process may still be working on leftovers younger than this, because clocks differ. */
const orphanGrace = "1 minute"

const decision = (context: DeployerContext) =>
  Effect.gen(function* () {
    const gathered = yield* gather(context, orphanGrace)
    const { actions, evidence } = decide(gathered.facts)
    if (evidence.length > 0) return yield* new RegistryMismatch({ deployer: gathered.facts.deployer, evidence })
    return { gathered, actions }
  })

const attempt = (
  context: DeployerContext,
  gathered: Gathered,
  action: Action
): Effect.Effect<{ readonly action: Action; readonly reported: ReconcileAction }, StoreError> =>
  Effect.gen(function* () {
    const ended = yield* Effect.either(execute(context, gathered.records)(action))
    if (Either.isRight(ended)) return { action, reported: { ...describe(action), outcome: "done" } }
    if (ended.left._tag === "StoreError") return yield* ended.left
    return { action, reported: { ...describe(action), outcome: "failed", failure: ended.left.message } }
  })

const reportOf = ({ facts, unavailable }: Gathered, actions: ReadonlyArray<ReconcileAction>): ReconcileReport =>
  new ReconcileReport({
    observed: facts.deployments.length,
    actions,
    // A registry without deployments misses nothing in an engine that does not answer.
    unavailable: unavailable === undefined || facts.deployments.length === 0 ? [] : [unavailable.message]
  })

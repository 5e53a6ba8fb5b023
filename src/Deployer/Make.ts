import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { Backend } from "../Flavor/Backend.js"
import type * as Settings from "../Settings.js"
import type { Service, SnapshotErrors, SnapshotRef } from "./Contract.js"
import * as DeployerContext from "./DeployerContext.js"
import * as PlanAndRollback from "./Operations/PlanAndRollback.js"
import { provision } from "./Operations/Provision.js"
import { rebuild } from "./Operations/RebuildRegistry.js"
import { refresh } from "./Operations/Refresh.js"
import { deprovision, remove } from "./Operations/Teardown.js"
import { reconcile, reconcilePlan } from "./Reconcile.js"

/**
 * Makes a deployer of a backend: all validation, leases, intents, health gates, generations and events around it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: Backend<S, SI>
): Effect.Effect<Service<SI>, never, DeployerContext.Requirements> =>
  Effect.map(DeployerContext.make(backend), (kit): Service<SI> => {
    const required = (ref: string) => DeployerContext.requireDeployment(kit.deployments, ref)
    return {
      flavor: backend.flavor,
      name: backend.name,
      provision: (snapshot, options) => ofSnapshot(snapshot, provision(kit, snapshot, options)),
      getOrCreate: (snapshot, options) => ofSnapshot(snapshot, PlanAndRollback.getOrCreate(kit, snapshot, options)),
      reprovision: (ref, options) => PlanAndRollback.reprovision(kit, ref, options),
      rollback: (ref, options) => PlanAndRollback.rollback(kit, ref, options),
      refresh: (ref) => refresh(kit, ref),
      deprovision: (ref, options) => deprovision(kit, ref, options),
      delete: (ref, options) => remove(kit, ref, options),
      logs: (ref, options = {}) =>
        Stream.unwrap(
          Effect.map(Effect.flatMap(required(ref), kit.requests.owned), (record) =>
            backend.logs(DeployerContext.currentInstance(record), options)
          )
        ),
      plan: (snapshot, options) => ofSnapshot(snapshot, PlanAndRollback.plan(kit, snapshot, options)),
      reconcile: reconcile(kit),
      reconcilePlan: reconcilePlan(kit),
      rebuild: rebuild(kit),
      changes: hints(backend),
      events: Stream.unwrapScoped(Effect.map(kit.journals.subscribe, (queue) => Stream.fromQueue(queue))),
      subscribe: kit.journals.subscribe,
      list: (options) =>
        Effect.map(kit.deployments.list(options), (records) => records.map(({ deployment }) => deployment)),
      get: (ref) => Effect.map(required(ref), ({ deployment }) => deployment),
      authKey: (ref) =>
        Effect.flatMap(required(ref), ({ authKey, deployment }) =>
          authKey === undefined ? Effect.succeed(undefined) : kit.authKeys.open(deployment.id, authKey)
        ),
      revisions: (ref) => Effect.flatMap(required(ref), ({ deployment }) => kit.deployments.revisions(deployment.id))
    }
  })

// internal

/** `Requests` refuses a `Snapshot` value that the registry does not have with a mismatch, which the type cannot express. */
const ofSnapshot = <R extends SnapshotRef, A, E>(_: R, operation: Effect.Effect<A, E>) =>
  operation as Effect.Effect<A, SnapshotErrors<R, E>>

/** A source of hints that fails is opened again; who reconciles all the time looks anyway. */
const hints = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>({
  changes
}: Backend<S, SI>): Stream.Stream<void> =>
  changes === undefined
    ? Stream.never
    : changes.pipe(
        Stream.retry(Schedule.spaced("5 seconds")),
        Stream.orDie,
        Stream.map(() => undefined)
      )

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import type { StoreError } from "../Errors/Stores.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"
import { RebuildReport, type ReconcileError, ReconcileReport, type Service } from "./Contract.js"

/**
 * Several deployers on one registry as one: an operation on a deployment is run by the deployer that made it, on a new
 * deployment by the first.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Deployer } from "effect-deployers"
 *
 * const both = (local: Deployer.Service, other: Deployer.Service) => Effect.map(Deployer.route(local, other), ({ refresh }) => refresh("a"))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const route = (
  first: Service,
  ...others: ReadonlyArray<Service>
): Effect.Effect<Service, never, DeploymentStore> =>
  Effect.map(DeploymentStore, (deployments) => {
    const all = [first, ...others]

    const ownerOf = (ref: string): Effect.Effect<Service, StoreError> =>
      Effect.map(deployments.find(ref), (found) =>
        Option.getOrElse(
          Option.flatMapNullable(found, ({ deployment: { deployer } }) =>
            all.find(({ flavor, name }) => flavor === deployer.flavor && name === deployer.name)
          ),
          () => first
        )
      )

    const at = <A, E>(ref: string, use: (owner: Service) => Effect.Effect<A, E>): Effect.Effect<A, E | StoreError> =>
      Effect.flatMap(ownerOf(ref), use)

    const subscribe = Effect.gen(function* () {
      const merged = yield* Queue.unbounded<DeploymentEvent>()
      for (const deployer of all) {
        const queue = yield* deployer.subscribe
        yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(queue), (event) => merged.offer(event))))
      }
      return merged
    })

    return {
      ...first,
      // The deployments may be of several flavors: each deployer has its own.
      canaries: undefined,
      provision: (snapshot, options) => at(options.name, (owner) => owner.provision(snapshot, options)),
      getOrCreate: (snapshot, options) => at(options.name, (owner) => owner.getOrCreate(snapshot, options)),
      plan: (snapshot, options) => at(options.name, (owner) => owner.plan(snapshot, options)),
      reprovision: (ref, options) => at(ref, (owner) => owner.reprovision(ref, options)),
      rollback: (ref, options) => at(ref, (owner) => owner.rollback(ref, options)),
      refresh: (ref) => at(ref, (owner) => owner.refresh(ref)),
      deprovision: (ref, options) => at(ref, (owner) => owner.deprovision(ref, options)),
      delete: (ref, options) => at(ref, (owner) => owner.delete(ref, options)),
      authKeys: (ref) => at(ref, (owner) => owner.authKeys(ref)),
      addAuthKey: (ref, options) => at(ref, (owner) => owner.addAuthKey(ref, options)),
      rotateAuthKey: (ref, options) => at(ref, (owner) => owner.rotateAuthKey(ref, options)),
      removeAuthKey: (ref, id) => at(ref, (owner) => owner.removeAuthKey(ref, id)),
      pause: (ref, options) => at(ref, (owner) => owner.pause(ref, options)),
      maintenance: (ref, options) => at(ref, (owner) => owner.maintenance(ref, options)),
      resume: (ref) => at(ref, (owner) => owner.resume(ref)),
      logs: (ref, options) => Stream.unwrap(Effect.map(ownerOf(ref), (owner) => owner.logs(ref, options))),
      reconcile: together(all.map(({ reconcile }) => reconcile)),
      reconcilePlan: together(all.map(({ reconcilePlan }) => reconcilePlan)),
      rebuild: Effect.map(
        Effect.forEach(all, ({ rebuild }) => rebuild),
        (reports) =>
          new RebuildReport({
            recovered: reports.flatMap(({ recovered }) => recovered),
            skipped: reports.flatMap(({ skipped }) => skipped),
            renamed: reports.some(({ renamed }) => renamed)
          })
      ),
      changes: Stream.mergeAll(
        all.map(({ changes }) => changes),
        { concurrency: "unbounded" }
      ),
      events: Stream.unwrapScoped(Effect.map(subscribe, (queue) => Stream.fromQueue(queue))),
      subscribe
    }
  })

// internal

/** A failure of one deployer does not stop the others. */
const together = (
  each: ReadonlyArray<Effect.Effect<ReconcileReport, ReconcileError>>
): Effect.Effect<ReconcileReport, ReconcileError> =>
  Effect.gen(function* () {
    const [failures, reports] = yield* Effect.partition(each, (reconcile) => reconcile)
    const [first] = failures
    if (first !== undefined) return yield* Effect.fail(first)
    return new ReconcileReport({
      observed: reports.reduce((sum, { observed }) => sum + observed, 0),
      actions: reports.flatMap(({ actions }) => actions),
      unavailable: reports.flatMap(({ unavailable }) => unavailable)
    })
  })

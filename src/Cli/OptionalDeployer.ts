/** A deployer whose engine the environment may name for other purposes, such as the cluster of a kubeconfig. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ReconcileReport, type Service } from "../Deployer.js"
import type { StoreError } from "../Errors/Stores.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"

/**
 * The deployer, which looks for its instances only if the registry has a deployment of its flavor, or to rebuild a lost
 * registry. So a command about other deployments sends no request to a cluster that is not meant, and needs none.
 *
 * @category combinators
 * @since 0.2.0
 */
export const whereUsed = (deployer: Service): Effect.Effect<Service, never, DeploymentStore> =>
  Effect.map(DeploymentStore, ({ list }) => {
    const isUsed = Effect.map(list(), (records) =>
      records.some(({ deployment }) => deployment.deployer.flavor === deployer.flavor)
    )
    const ifUsed = <A, E>(effect: Effect.Effect<A, E>, otherwise: A): Effect.Effect<A, E | StoreError> =>
      Effect.flatMap(isUsed, (is) => (is ? effect : Effect.succeed(otherwise)))
    const nothing = new ReconcileReport({ observed: 0, actions: [], unavailable: [] })
    return {
      ...deployer,
      reconcile: ifUsed(deployer.reconcile, nothing),
      reconcilePlan: ifUsed(deployer.reconcilePlan, nothing),
      changes: Stream.unwrap(
        Effect.map(
          Effect.orElseSucceed(isUsed, () => false),
          (is) => (is ? deployer.changes : Stream.never)
        )
      )
    }
  })

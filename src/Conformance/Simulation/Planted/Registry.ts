/** Bugs in how the registry is used. */
import * as Effect from "effect/Effect"
import { OperationalState } from "../../../Deployment.js"
import { type DeploymentStore, Operation } from "../../../Store/DeploymentStore.js"
import type { Sabotage } from "../SimulatedCluster.js"

type Store = typeof DeploymentStore.Service

const planted = (name: string, deployments: (store: Store) => Partial<Store>): Sabotage => ({
  name,
  deployments: (store) => ({ ...store, ...deployments(store) })
})

const broken = new OperationalState({ status: "error", metadata: {}, reason: "it failed" })

/** One bug each. */
export const registryBugs: ReadonlyArray<Sabotage> = [
  planted("the intent is recorded only when it is accepted", (store) => {
    const deferred = new Map<string, Parameters<Store["begin"]>[1]>()
    return {
      begin: (lease, intent) =>
        intent.kind !== "provision"
          ? store.begin(lease, intent)
          : Effect.gen(function* () {
              const revisions = yield* store.revisions(lease.deploymentId)
              const real = yield* store.begin(lease, intent)
              yield* store.abort(lease, real, "a plant")
              deferred.set(intent.id, { ...intent, id: intent.id.replace(/^0/, "f") })
              const generation = Math.max(0, ...revisions.map((revision) => revision.generation)) + 2
              return new Operation({ ...real, generation })
            }),
      commit: (lease, operation, change) => {
        const intent = deferred.get(operation.id)
        return intent === undefined
          ? store.commit(lease, operation, change)
          : Effect.flatMap(store.begin(lease, intent), (real) => store.commit(lease, real, change))
      },
      abort: (lease, operation, reason) =>
        deferred.has(operation.id)
          ? Effect.flatMap(store.begin(lease, { id: `e${operation.id.slice(1)}`, kind: "deprovision" }), (real) =>
              store.abort(lease, real, reason)
            )
          : store.abort(lease, operation, reason)
    }
  }),
  planted("a failed change records an error for a deployment that still serves", (store) => ({
    abort: (lease, operation, reason) =>
      Effect.tap(store.abort(lease, operation, reason), ({ deployment }) =>
        store.observe(deployment.id, deployment.generation, broken)
      )
  })),
  planted("a failed change changes the key", (store) => ({
    abort: (lease, operation, reason) =>
      Effect.zipRight(store.setAuthKey(lease, undefined), store.abort(lease, operation, reason))
  })),
  planted("the row is deleted first", (store) => ({
    begin: (lease, intent) =>
      Effect.tap(store.begin(lease, intent), () => (intent.kind === "delete" ? store.remove(lease) : Effect.void)),
    remove: () => Effect.void
  })),
  planted("success is reported before it is written", (store) => ({
    commit: (lease, operation, change) =>
      Effect.flatMap(store.find(lease.deploymentId), (found) =>
        found._tag === "Some" ? Effect.succeed(found.value) : store.commit(lease, operation, change)
      )
  })),
  planted("operations are never closed", () => ({ finish: () => Effect.void })),
  planted("an earlier generation number is used again", (store) => ({
    begin: (lease, intent) =>
      Effect.map(store.begin(lease, intent), (operation) =>
        intent.kind === "provision" && operation.generation > 1
          ? new Operation({ ...operation, generation: operation.generation - 1 })
          : operation
      )
  })),
  planted("a lease is taken from its holder", (store) => ({
    acquire: (deploymentId, options) =>
      Effect.catchTag(store.acquire(deploymentId, options), "DeploymentBusy", ({ holder }) =>
        store.acquire(deploymentId, { ...options, takeOverFrom: holder })
      )
  })),
  planted("a lost lease is not noticed", (store) => ({
    renew: (lease, ttl) => Effect.catchTag(store.renew(lease, ttl), "LeaseLost", () => Effect.void)
  })),
  planted("leases are never released", () => ({ release: () => Effect.void })),
  planted("the recorded snapshot is not the one that serves", (store) => ({
    commit: (lease, operation, change) =>
      Effect.flatMap(store.find(lease.deploymentId), (found) =>
        store.commit(lease, operation, {
          ...change,
          snapshot: found._tag === "Some" ? found.value.deployment.snapshot : change.snapshot
        })
      )
  })),
  planted("a stopped deployment is recorded as running", (store) => ({
    stopped: (lease, operation) =>
      Effect.tap(store.stopped(lease, operation), ({ deployment }) =>
        store.observe(
          deployment.id,
          deployment.generation,
          new OperationalState({ status: "running", metadata: {}, url: "http://127.0.0.1:1" })
        )
      )
  }))
]

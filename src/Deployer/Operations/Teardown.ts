import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Deployment } from "../../Deployment.js"
import { DeploymentTimeout } from "../../Errors/Lifecycle.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import type { DeleteError, DeprovisionError } from "../Contract.js"
import { type DeployerContext, graceOf, requireDeployment } from "../DeployerContext.js"
import type { Journal } from "../Journal.js"
import { tracked } from "./Instrumentation.js"

/** Stops a deployment and keeps its record. What any generation left is removed. */
export const deprovision = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  ref: string,
  options: { readonly timeoutMillis?: number | undefined } = {}
): Effect.Effect<Deployment, DeprovisionError> =>
  takeDown(kit, ref, "deprovision", options.timeoutMillis, ({ journal, lease, operation, record }) =>
    removeInstances(kit, lease, record, journal).pipe(
      Effect.zipRight(kit.deployments.stopped(lease, operation)),
      Effect.map(({ deployment }) => deployment)
    )
  )

/**
 * Stops a deployment and forgets it. The row goes last, after the backend confirmed that nothing is left; with `force`
 * it goes whatever the backend says.
 */
export const remove = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  ref: string,
  options: { readonly force?: boolean | undefined; readonly timeoutMillis?: number | undefined } = {}
): Effect.Effect<void, DeleteError> =>
  takeDown(kit, ref, "delete", options.timeoutMillis, ({ journal, lease, record }) => {
    const { id, name } = record.deployment
    const clear = Effect.zipRight(
      removeInstances(kit, lease, record, journal),
      kit.leases.fenced(lease)(kit.backend.destroy({ deploymentId: id, name }))
    )
    const cleared =
      options.force === true
        ? Effect.catchAll(clear, (error) =>
            Effect.logWarning(`What is left of "${name}" could not be removed; it is nobody's now`, error)
          )
        : clear
    return Effect.zipRight(cleared, kit.deployments.remove(lease))
  }).pipe(Effect.catchTag("DeploymentNotFound", () => Effect.void))

// internal

interface Work {
  readonly lease: Lease
  readonly record: DeploymentRecord
  readonly operation: Operation
  readonly journal: Journal
}

/** Owner check, lease, intent, the work within its deadline, and the operation closed if the work failed. */
const takeDown = <A, S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  ref: string,
  kind: "deprovision" | "delete",
  timeoutMillis: number | undefined,
  work: (on: Work) => Effect.Effect<A, DeprovisionError>
): Effect.Effect<A, DeprovisionError> =>
  Effect.flatMap(Effect.flatMap(requireDeployment(kit.deployments, ref), kit.requests.owned), ({ deployment }) =>
    kit.leases.hold(deployment, (lease) =>
      Effect.flatMap(requireDeployment(kit.deployments, deployment.id), (record) =>
        tracked(kit, record, kind, (journal) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.gen(function* () {
              const operation = yield* kit.deployments.begin(lease, { id: journal.operationId, kind })
              const bounded = withDeadline(record, kind, timeoutMillis, work({ lease, record, operation, journal }))
              const exit = yield* Effect.exit(restore(bounded))
              if (Exit.isFailure(exit)) {
                yield* kit.deployments.abort(lease, operation, "it could not be taken down")
              }
              return yield* exit
            })
          )
        )
      )
    )
  )

const withDeadline = <A>(
  { deployment, settings }: DeploymentRecord,
  operation: "deprovision" | "delete",
  timeoutMillis: number | undefined,
  work: Effect.Effect<A, DeprovisionError>
): Effect.Effect<A, DeprovisionError> => {
  const millis = timeoutMillis ?? graceOf(settings) + 30_000
  return Effect.timeoutFail(work, {
    duration: millis,
    onTimeout: () => new DeploymentTimeout({ name: deployment.name, operation, timeoutMillis: millis, logs: [] })
  })
}

/** The accepted instance gets its grace; leftovers of other generations get none. All of it can be repeated. */
const removeInstances = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  { deployment, settings }: DeploymentRecord,
  journal: Journal
) =>
  Effect.gen(function* () {
    const { generation, id, metadata, name } = deployment
    const revisions = yield* kit.deployments.revisions(id)
    const instance = { deploymentId: id, name }
    const fenced = kit.leases.fenced(lease)
    for (const revision of revisions) {
      if (revision.generation === generation) continue
      yield* fenced(kit.backend.deprovision({ ...instance, generation: revision.generation }, {}, { grace: 0 }))
    }
    if (generation > 0) {
      yield* fenced(kit.backend.deprovision({ ...instance, generation }, metadata, { grace: graceOf(settings) }))
    }
    yield* journal.emit("instance_removed", { generation })
  })

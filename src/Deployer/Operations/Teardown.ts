import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Deployment } from "../../Deployment.js"
import { DeploymentTimeout } from "../../Errors/Lifecycle.js"
import { timeoutFail } from "../../Internal/Deadline.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import type { DeleteError, DeprovisionError } from "../Contract.js"
import { type DeployerContext, graceOf, type Journal, requireDeployment } from "../DeployerContext.js"
import * as Door from "./Door.js"
import { instrument } from "./ProvisionContext.js"

/** Stops a deployment and keeps its record. The instances of every generation are removed. */
export const deprovision = (
  context: DeployerContext,
  ref: string,
  options: { readonly timeoutMillis?: number | undefined } = {}
): Effect.Effect<Deployment, DeprovisionError> =>
  teardown(context, ref, "deprovision", options.timeoutMillis, ({ journal, lease, operation, record }) =>
    removeInstances(context, lease, record, journal).pipe(
      Effect.zipRight(
        Door.closeOthers(context, lease, { deploymentId: record.deployment.id, name: record.deployment.name })
      ),
      Effect.zipRight(context.deployments.stopped(lease, operation)),
      Effect.map(({ deployment }) => deployment)
    )
  )

/**
 * Stops a deployment and deletes it. The row is deleted last, after the backend confirmed that nothing is left; with `force`
 * it is deleted even if the backend fails.
 */
export const remove = (
  context: DeployerContext,
  ref: string,
  options: { readonly force?: boolean | undefined; readonly timeoutMillis?: number | undefined } = {}
): Effect.Effect<void, DeleteError> =>
  teardown(context, ref, "delete", options.timeoutMillis, ({ journal, lease, record }) => {
    const { id, name } = record.deployment
    const clear = Effect.zipRight(
      removeInstances(context, lease, record, journal),
      context.leases.fenced(lease)(context.backend.destroy({ deploymentId: id, name }))
    )
    const cleared =
      options.force === true
        ? Effect.catchAll(clear, (error) =>
            Effect.logWarning(
              `The instances and files of "${name}" could not be removed; they belong to no deployment any more`,
              error
            )
          )
        : clear
    return Effect.zipRight(cleared, context.deployments.remove(lease))
  }).pipe(Effect.catchTag("DeploymentNotFound", () => Effect.void))

// internal

interface Work {
  readonly lease: Lease
  readonly record: DeploymentRecord
  readonly operation: Operation
  readonly journal: Journal
}

/** Owner check, lease, intent, the work within its deadline, and the operation closed if the work failed. */
const teardown = <A>(
  context: DeployerContext,
  ref: string,
  kind: "deprovision" | "delete",
  timeoutMillis: number | undefined,
  work: (on: Work) => Effect.Effect<A, DeprovisionError>
): Effect.Effect<A, DeprovisionError> =>
  Effect.flatMap(
    Effect.flatMap(requireDeployment(context.deployments, ref), context.requests.owned),
    ({ deployment }) =>
      context.leases.hold(deployment, (lease) =>
        Effect.flatMap(requireDeployment(context.deployments, deployment.id), (record) =>
          instrument(context, record, kind, (journal) =>
            Effect.uninterruptibleMask((restore) =>
              Effect.gen(function* () {
                const operation = yield* context.deployments.begin(lease, { id: journal.operationId, kind })
                const bounded = withDeadline(record, kind, timeoutMillis, work({ lease, record, operation, journal }))
                const exit = yield* Effect.exit(restore(bounded))
                if (Exit.isFailure(exit)) {
                  yield* context.deployments.abort(lease, operation, "it could not be stopped")
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
  return timeoutFail({
    duration: millis,
    onTimeout: () => new DeploymentTimeout({ name: deployment.name, operation, timeoutMillis: millis, logs: [] })
  })(work)
}

/** The accepted instance and a candidate get their grace; leftovers of other generations get none. All of it can be repeated. */
const removeInstances = (
  context: DeployerContext,
  lease: Lease,
  { deployment, settings }: DeploymentRecord,
  journal: Journal
) =>
  Effect.gen(function* () {
    const { candidate, generation, id, metadata, name } = deployment
    const revisions = yield* context.deployments.revisions(id)
    const instance = { deploymentId: id, name }
    const fenced = context.leases.fenced(lease)
    for (const revision of revisions) {
      if (revision.generation === generation) continue
      // A candidate may have runs in progress.
      const grace = revision.generation === candidate?.generation ? graceOf(settings) : 0
      yield* fenced(context.backend.deprovision({ ...instance, generation: revision.generation }, {}, { grace }))
    }
    if (generation > 0) {
      yield* fenced(context.backend.deprovision({ ...instance, generation }, metadata, { grace: graceOf(settings) }))
    }
    yield* journal.emit("instance_removed", { generation })
  })

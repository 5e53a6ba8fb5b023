import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Deployment, OperationalState } from "../../Deployment.js"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../../Errors/Lifecycle.js"
import { timeoutFail } from "../../Internal/Deadline.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import { liveKeys } from "../AuthKeys.js"
import type { ProvisionError } from "../Contract.js"
import { currentInstance, type DeployerContext, type Journal } from "../DeployerContext.js"
import * as CrashLoop from "../Reconcile/CrashLoop.js"
import * as Door from "./Door.js"
import { awaitHealthy } from "./HealthGate.js"
import { look } from "./Observe.js"
import { instrument, lastLogs, type ProvisionContext, reasonOf, recordOf, withLogs } from "./ProvisionContext.js"

/**
 * Starts the accepted generation again after the failure of a change that had to stop it first. A failure here is logged,
 * and the next refresh writes the status.
 */
export const restartOld = ({ before, journal, context, lease }: ProvisionContext): Effect.Effect<void> => {
  const { deploymentId, generation } = currentInstance(before)
  return startAccepted(context, lease, before).pipe(
    Effect.tap((state) => context.deployments.observe(deploymentId, generation, state)),
    Effect.flatMap(({ publicUrl, url }) =>
      journal.emit("old_instance_restored", { generation, url: publicUrl ?? url })
    ),
    Effect.catchAll((error) =>
      Effect.logError(`Generation ${generation} had to stop and could not be started again`, error)
    )
  )
}

/**
 * Starts the accepted generation of a deployment again after it stopped serving. `why` is a clause. If it does not become
 * healthy, the attempt is removed and the registry has the reason. The caller holds the lease.
 */
export const restart = (
  context: DeployerContext,
  lease: Lease,
  record: DeploymentRecord,
  why: string
): Effect.Effect<Deployment, ProvisionError> =>
  instrument(context, record, "restore", (journal) =>
    Effect.uninterruptibleMask((interruptible) =>
      Effect.gen(function* () {
        const { generation } = record.deployment
        const operation = yield* context.deployments.begin(lease, { id: journal.operationId, kind: "restore" })
        yield* journal.emit("intent_recorded", { generation, reason: why })
        const exit = yield* Effect.exit(interruptible(startAccepted(context, lease, record)))
        if (Exit.isFailure(exit))
          return yield* rollbackRestart(context, { lease, record, operation, journal }, exit.cause)
        const { deployment } = yield* context.deployments.restored(lease, operation, exit.value)
        yield* journal.emit("instance_restored", { generation, url: exit.value.publicUrl ?? exit.value.url })
        return deployment
      })
    )
  )

/**
 * Ends a restart whose process died: an instance that runs and is healthy stays, any other is removed. The caller holds the
 * lease.
 */
export const finishRestart = (context: DeployerContext, lease: Lease, record: DeploymentRecord, operation: Operation) =>
  Effect.gen(function* () {
    const seen = yield* look(context, record)
    if (seen !== "unobservable" && seen.status === "running") {
      yield* Door.leadAccepted(context, lease, record)
      return yield* context.deployments.restored(lease, operation, seen)
    }
    yield* context.leases.fenced(lease)(context.backend.deprovision(currentInstance(record), {}, { grace: 0 }))
    const reason = "it was being started again when the process that did so ended"
    return yield* context.deployments.restored(lease, operation, broken(record, reason))
  })

// internal

const startAccepted = (
  context: DeployerContext,
  lease: Lease,
  record: DeploymentRecord
): Effect.Effect<OperationalState, ProvisionError> =>
  Effect.gen(function* () {
    const { intake, name } = record.deployment
    const instance = currentInstance(record)
    const stored = yield* context.requests.stored(record)
    const { timeoutMillis } = stored.settings
    const registryId = yield* context.deployments.identity
    const request = {
      ...instance,
      ...stored,
      registryId,
      proofSecret: yield* context.authKeys.proofSecret(instance.deploymentId),
      keys: liveKeys(record),
      intake,
      record: recordOf(context, registryId, instance, { ...record, intake, snapshot: stored.snapshot }),
      previous: record.deployment.metadata
    }
    return yield* context.leases
      .fenced(lease)(context.backend.provision(request))
      .pipe(
        Effect.flatMap(({ metadata }) => awaitHealthy(context, instance, stored.settings.serving, metadata)),
        Effect.zipLeft(Door.leadAccepted(context, lease, record)),
        Effect.catchTag("InstanceEnded", ({ reason }) =>
          Effect.fail(new DeploymentProvisionFailed({ name, reason, logs: [] }))
        ),
        timeoutFail({
          duration: timeoutMillis,
          onTimeout: () => new DeploymentTimeout({ name, operation: "restore", timeoutMillis, logs: [] })
        })
      )
  })

interface Attempt {
  readonly lease: Lease
  readonly record: DeploymentRecord
  readonly operation: Operation
  readonly journal: Journal
}

/** An instance that cannot be removed now keeps the operation open, so that reconciling removes it later. */
const rollbackRestart = (
  context: DeployerContext,
  { journal, lease, operation, record }: Attempt,
  cause: Cause.Cause<ProvisionError>
): Effect.Effect<never, ProvisionError> =>
  Effect.gen(function* () {
    const instance = currentInstance(record)
    const logs = yield* lastLogs(context, instance, operation.startedAt)
    yield* context.leases
      .fenced(lease)(context.backend.deprovision(instance, {}, { grace: 0 }))
      .pipe(
        Effect.zipRight(journal.emit("instance_removed", { generation: instance.generation })),
        Effect.zipRight(context.deployments.restored(lease, operation, broken(record, reasonOf(cause)))),
        Effect.catchAll((error) =>
          Effect.logWarning("The instance that was started again could not be removed yet", error)
        )
      )
    return yield* Effect.failCause(Cause.map(cause, (error) => withLogs(error, logs)))
  })

const broken = ({ deployment }: DeploymentRecord, reason: string): OperationalState =>
  new OperationalState({ status: "error", metadata: CrashLoop.clear(deployment.metadata), reason })

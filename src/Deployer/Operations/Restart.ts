import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Deployment, OperationalState } from "../../Deployment.js"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../../Errors/Lifecycle.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import type { ProvisionError } from "../Contract.js"
import { currentInstance, type DeployerContext } from "../DeployerContext.js"
import type { Journal } from "../Journal.js"
import { reasonOf, withLogs } from "./FailureText.js"
import { awaitHealthy } from "./HealthGate.js"
import { tracked } from "./Instrumentation.js"
import { look } from "./Observe.js"
import { lastLogs, type ProvisionContext, recordOf } from "./ProvisionContext.js"

/**
 * Starts the accepted generation again after a change that had to stop it first has failed. If that fails too, it is
 * logged: the next refresh writes down what is left.
 */
export const restoreOld = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>({
  before,
  journal,
  kit,
  lease
}: ProvisionContext<S, SI>): Effect.Effect<void> => {
  const { deploymentId, generation } = currentInstance(before)
  return startAgain(kit, lease, before).pipe(
    Effect.tap((state) => kit.deployments.observe(deploymentId, generation, state)),
    Effect.flatMap(({ url }) => journal.emit("old_instance_restored", { generation, url })),
    Effect.catchAll((error) =>
      Effect.logError(`Generation ${generation} had to stop and could not be started again`, error)
    )
  )
}

/**
 * Starts the accepted generation of a deployment again because it does not serve any more: `why`, in a clause. If it does
 * not come up, nothing of the attempt stays and the registry says why. Call it with the lease held.
 */
export const restore = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  record: DeploymentRecord,
  why: string
): Effect.Effect<Deployment, ProvisionError> =>
  tracked(kit, record, "restore", (journal) =>
    Effect.uninterruptibleMask((interruptible) =>
      Effect.gen(function* () {
        const { generation } = record.deployment
        const operation = yield* kit.deployments.begin(lease, { id: journal.operationId, kind: "restore" })
        yield* journal.emit("intent_recorded", { generation, reason: why })
        const exit = yield* Effect.exit(interruptible(startAgain(kit, lease, record)))
        if (Exit.isFailure(exit)) return yield* giveBack(kit, { lease, record, operation, journal }, exit.cause)
        const { deployment } = yield* kit.deployments.restored(lease, operation, exit.value)
        yield* journal.emit("instance_restored", { generation, url: exit.value.url })
        return deployment
      })
    )
  )

/**
 * Settles a restore whose process died in the middle: what runs and is healthy stays, anything else is removed. Call it
 * with the lease held.
 */
export const settleRestore = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  record: DeploymentRecord,
  operation: Operation
) =>
  Effect.gen(function* () {
    const seen = yield* look(kit, record)
    if (seen !== "unobservable" && seen.status === "running") {
      return yield* kit.deployments.restored(lease, operation, seen)
    }
    yield* kit.leases.fenced(lease)(kit.backend.deprovision(currentInstance(record), {}, { grace: 0 }))
    const reason = "it was being started again when the process that did so ended"
    return yield* kit.deployments.restored(lease, operation, broken(record, reason))
  })

// internal

const startAgain = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  record: DeploymentRecord
): Effect.Effect<OperationalState, ProvisionError> =>
  Effect.gen(function* () {
    const { name } = record.deployment
    const instance = currentInstance(record)
    const stored = yield* kit.requests.stored(record)
    const { timeoutMillis } = stored.settings
    const request = {
      ...instance,
      ...stored,
      registryId: kit.deployments.registryId,
      authKeyDigests: record.authKey === undefined ? [] : [record.authKey.digest],
      record: recordOf(kit, instance, { ...record, snapshot: stored.snapshot }),
      previous: record.deployment.metadata
    }
    return yield* kit.leases
      .fenced(lease)(kit.backend.provision(request))
      .pipe(
        Effect.flatMap(({ metadata }) => awaitHealthy(kit, instance, stored.settings.serving, metadata)),
        Effect.catchTag("InstanceEnded", ({ reason }) =>
          Effect.fail(new DeploymentProvisionFailed({ name, reason, logs: [] }))
        ),
        Effect.timeoutFail({
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

/** What cannot be removed now keeps the operation open, so that reconciling removes it later. */
const giveBack = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  { journal, lease, operation, record }: Attempt,
  cause: Cause.Cause<ProvisionError>
): Effect.Effect<never, ProvisionError> =>
  Effect.gen(function* () {
    const instance = currentInstance(record)
    const logs = yield* lastLogs(kit, instance, operation.startedAt)
    yield* kit.leases
      .fenced(lease)(kit.backend.deprovision(instance, {}, { grace: 0 }))
      .pipe(
        Effect.zipRight(journal.emit("instance_removed", { generation: instance.generation })),
        Effect.zipRight(kit.deployments.restored(lease, operation, broken(record, reasonOf(cause)))),
        Effect.catchAll((error) => Effect.logWarning("What was started again could not be removed yet", error))
      )
    return yield* Effect.failCause(Cause.map(cause, (error) => withLogs(error, logs)))
  })

const broken = ({ deployment }: DeploymentRecord, reason: string): OperationalState =>
  new OperationalState({ status: "error", metadata: deployment.metadata, reason })

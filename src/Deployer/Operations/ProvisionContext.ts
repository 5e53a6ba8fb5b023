import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { type Deployment, OperationalState } from "../../Deployment.js"
import type { Instance } from "../../Flavor/Backend.js"
import type { InstanceRecord } from "../../Flavor/InstanceRecord.js"
import { timeoutTo } from "../../Internal/Deadline.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import type { Decision } from "../AuthKeys.js"
import type { DeployerContext } from "../DeployerContext.js"
import type { Journal } from "../Journal.js"
import type { Request } from "../Requests.js"

/** One change of a deployment after its intent was recorded. */
export interface ProvisionContext {
  readonly context: DeployerContext
  readonly lease: Lease
  readonly request: Request
  /** The deployment when the lease was taken. */
  readonly before: DeploymentRecord
  readonly operation: Operation
  readonly journal: Journal
  readonly auth: Decision
  /** True if the old instance has to stop before the new one can serve. */
  readonly exclusive: boolean
  /** True if the old instance was told to stop before the commit. */
  readonly oldStopped: Ref.Ref<boolean>
}

/** The instance a change makes. */
export const newInstance = ({ before, operation }: { before: DeploymentRecord; operation: Operation }): Instance => ({
  deploymentId: before.deployment.id,
  name: before.deployment.name,
  generation: operation.generation
})

/** True if the last known state is an instance that serves and will be replaced. */
export const replacesServing = ({ before: { deployment } }: { before: DeploymentRecord }): boolean =>
  deployment.generation > 0 && deployment.desired === "running" && deployment.status === "running"

/** The last known state of a deployment, in the form a backend observes it. */
export const lastState = ({ deployment }: DeploymentRecord): OperationalState =>
  new OperationalState({
    status: deployment.status,
    metadata: deployment.metadata,
    ...(deployment.url === undefined ? {} : { url: deployment.url })
  })

/** The reference of a deployment row to its snapshot. */
export const reference = ({ id, pipelineName, version }: Snapshot): Deployment["snapshot"] => ({
  id,
  pipelineName,
  version
})

/** The record of a revision for the files of its instance. */
export const recordOf = (
  { backend, deployments }: DeployerContext,
  { deploymentId, generation, name }: Instance,
  { authKey, settings, snapshot }: { readonly snapshot: Snapshot } & Pick<DeploymentRecord, "authKey" | "settings">
): InstanceRecord => ({
  formatVersion: 1,
  registryId: deployments.registryId,
  deployer: { flavor: backend.flavor, name: backend.name },
  deployment: { id: deploymentId, name },
  generation,
  snapshot,
  settings,
  ...(authKey === undefined ? {} : { authKey: { digest: authKey.digest, sealed: authKey.sealed } })
})

/** The last log lines of an instance since an operation began, for error messages; none if they cannot be read within 2 s. */
export const lastLogs = (
  context: DeployerContext,
  instance: Instance,
  since: DateTime.Utc
): Effect.Effect<ReadonlyArray<string>> =>
  context.backend.logs(instance, { tail: 20, since: DateTime.toEpochMillis(since) }).pipe(
    Stream.map((line) => line.text),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray),
    timeoutTo({ duration: "2 seconds", onTimeout: () => [] }),
    Effect.orElseSucceed(() => [])
  )

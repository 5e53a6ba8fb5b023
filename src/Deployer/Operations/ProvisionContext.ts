import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { type Deployment, OperationalState } from "../../Deployment.js"
import type { Instance } from "../../Flavor/Backend.js"
import type { InstanceRecord } from "../../Flavor/InstanceRecord.js"
import type * as Settings from "../../Settings.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import type { Decision } from "../AuthKeys.js"
import type { DeployerContext } from "../DeployerContext.js"
import type { Journal } from "../Journal.js"
import type { Request } from "../Requests.js"

/** One change of a deployment, from its recorded intent on. */
export interface ProvisionContext<S extends Settings.Deployment, SI extends Settings.DeploymentInput> {
  readonly kit: DeployerContext<S, SI>
  readonly lease: Lease
  readonly request: Request<S>
  /** The deployment as it was when the lease was taken. */
  readonly before: DeploymentRecord
  readonly operation: Operation
  readonly journal: Journal
  readonly auth: Decision
  /** Whether the old instance has to stop before the new one can serve. */
  readonly exclusive: boolean
  /** Whether the old instance was told to stop before the change was accepted. */
  readonly oldStopped: Ref.Ref<boolean>
}

/** The instance a change makes. */
export const newInstance = ({ before, operation }: { before: DeploymentRecord; operation: Operation }): Instance => ({
  deploymentId: before.deployment.id,
  name: before.deployment.name,
  generation: operation.generation
})

/** Whether something serves, as far as is known, that the change would replace. */
export const replacesServing = ({ before: { deployment } }: { before: DeploymentRecord }): boolean =>
  deployment.generation > 0 && deployment.desired === "running" && deployment.status === "running"

/** What was last known of a deployment, in the form a backend observes it. */
export const lastState = ({ deployment }: DeploymentRecord): OperationalState =>
  new OperationalState({
    status: deployment.status,
    metadata: deployment.metadata,
    ...(deployment.url === undefined ? {} : { url: deployment.url })
  })

/** How a deployment row refers to its snapshot. */
export const reference = ({ id, pipelineName, version }: Snapshot): Deployment["snapshot"] => ({
  id,
  pipelineName,
  version
})

/** What the files of an instance shall say about the revision it runs. */
export const recordOf = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  { backend, deployments }: DeployerContext<S, SI>,
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

/**
 * The last lines an instance wrote since an operation began, for error messages; none if they cannot be had quickly.
 */
export const lastLogs = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  instance: Instance,
  since: DateTime.Utc
): Effect.Effect<ReadonlyArray<string>> =>
  kit.backend.logs(instance, { tail: 20, since: DateTime.toEpochMillis(since) }).pipe(
    Stream.map((line) => line.text),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray),
    Effect.timeoutTo({ duration: "2 seconds", onSuccess: (lines) => lines, onTimeout: () => [] }),
    Effect.orElseSucceed(() => [])
  )

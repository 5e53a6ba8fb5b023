/**
 * Carries out what reconciling decided, one action at a time, each under the lease of its deployment and after another look
 * at the registry: the decision may be old by then.
 */
import * as Effect from "effect/Effect"
import { OperationalState } from "../../Deployment.js"
import type {
  DeploymentBusy,
  DeploymentDeprovisionFailed,
  DeploymentNotFound,
  EngineUnavailable,
  LeaseLost,
  OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord, Lease } from "../../Store/DeploymentStore.js"
import type { DeprovisionError, ProvisionError } from "../Contract.js"
import { type DeployerContext, requireDeployment } from "../DeployerContext.js"
import * as CrashRecovery from "../Operations/CrashRecovery.js"
import { note } from "../Operations/Observe.js"
import { restore } from "../Operations/Restart.js"
import { deprovision, remove } from "../Operations/Teardown.js"
import { Action } from "./Action.js"
import type { DeploymentFacts } from "./Facts.js"

/** How an action fails. It is planned again by the next pass. */
export type ActionError = ProvisionError | DeprovisionError

/** Carries out an action on a deployment as it was gathered. */
export const execute = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  records: ReadonlyMap<string, DeploymentRecord>
): ((action: Action) => Effect.Effect<void, ActionError>) =>
  Action.$match({
    Settle: (action) => settle(kit, action),
    RemoveStray: (action) => removeStray(kit, action),
    RemoveOrphan: (action) => removeOrphan(kit, action),
    Restore: (action) => startAgain(kit, action),
    GiveUp: ({ id, reason }) => noted(kit, records.get(id), (record) => brokenDown(record, reason)),
    Record: ({ id, seen }) => noted(kit, records.get(id), () => seen),
    Wait: () => Effect.void,
    Leave: () => Effect.void
  })

// internal

type Of<Tag extends Action["_tag"]> = Extract<Action, { readonly _tag: Tag }>

const settle = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  { id, kind }: Of<"Settle">
): Effect.Effect<void, ActionError> => {
  switch (kind) {
    case "provision":
    case "restore":
      return Effect.asVoid(
        Effect.flatMap(requireDeployment(kit.deployments, id), (record) => CrashRecovery.takeBack(kit, record))
      )
    case "deprovision":
      return Effect.asVoid(deprovision(kit, id))
    case "delete":
      return remove(kit, id)
  }
}

/** Nothing is new by then: no operation was begun, and the generation is still not the accepted one. */
const removeStray = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  action: Of<"RemoveStray">
): Effect.Effect<void, ActionError> =>
  unchanged(kit, action, (lease, record) => {
    const { desired, generation, id, metadata, name } = record.deployment
    const accepted = action.generation === generation
    if (accepted && desired === "running") return Effect.void
    const instance = { deploymentId: id, name, generation: action.generation }
    return kit.leases
      .fenced(lease)(kit.backend.deprovision(instance, accepted ? metadata : {}, { grace: 0 }))
      .pipe(Effect.zipRight(tell(kit, action, { generation: action.generation, reason: action.reason })))
  })

const removeOrphan = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  action: Of<"RemoveOrphan">
): Effect.Effect<
  void,
  DeploymentBusy | DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown | LeaseLost | StoreError
> =>
  kit.leases.holdNow(action, (lease) =>
    Effect.flatMap(kit.deployments.find(action.id), (found) =>
      found._tag === "Some"
        ? Effect.void
        : kit.leases
            .fenced(lease)(kit.backend.destroy({ deploymentId: action.id, name: action.name }))
            .pipe(Effect.zipRight(tell(kit, action, { resources: action.resources })))
    )
  )

const startAgain = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  action: Of<"Restore">
): Effect.Effect<void, ActionError> =>
  unchanged(kit, action, (lease, record) =>
    record.deployment.generation === action.generation && record.deployment.desired === "running"
      ? Effect.asVoid(restore(kit, lease, record, action.reason))
      : Effect.void
  )

/** Under the lease, and only if no operation is open: what was decided is then still right. */
const unchanged = <E, S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  action: Pick<DeploymentFacts, "id" | "name">,
  use: (lease: Lease, record: DeploymentRecord) => Effect.Effect<void, E>
): Effect.Effect<void, E | DeploymentBusy | DeploymentNotFound | LeaseLost | StoreError> =>
  kit.leases.holdNow(action, (lease) =>
    Effect.gen(function* () {
      const record = yield* requireDeployment(kit.deployments, action.id)
      const open = yield* kit.deployments.openOperations
      if (open.some(({ deploymentId }) => deploymentId === action.id)) return
      yield* use(lease, record)
    })
  )

const noted = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  record: DeploymentRecord | undefined,
  seen: (record: DeploymentRecord) => OperationalState | "unobservable"
): Effect.Effect<void, StoreError> =>
  record === undefined ? Effect.void : Effect.asVoid(note(kit, record.deployment, seen(record)))

const brokenDown = ({ deployment }: DeploymentRecord, reason: string): OperationalState =>
  new OperationalState({ status: "error", metadata: deployment.metadata, reason })

const tell = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  { id, name }: Pick<DeploymentFacts, "id" | "name">,
  data: Readonly<Record<string, unknown>>
) =>
  Effect.flatMap(kit.ids.next, (operationId) =>
    kit.journals
      .open({ deploymentId: id, deploymentName: name, operation: "reconcile", operationId })
      .emit("stray_removed", data)
  )

/**
 * Executes the actions of reconciling one after another, each under the lease of its deployment and after a second look at
 * the registry, because the decision may be out of date.
 */
import * as Effect from "effect/Effect"
import { type DeploymentId, OperationalState } from "../../Deployment.js"
import type {
  DeploymentBusy,
  DeploymentDeprovisionFailed,
  DeploymentNotFound,
  EngineUnavailable,
  LeaseLost,
  OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord, Lease } from "../../Store/DeploymentStore.js"
import type { DeprovisionError, ProvisionError } from "../Contract.js"
import { type DeployerContext, requireDeployment } from "../DeployerContext.js"
import * as Canary from "../Operations/Canary.js"
import * as CrashRecovery from "../Operations/CrashRecovery.js"
import { note } from "../Operations/Observe.js"
import { restart } from "../Operations/Restart.js"
import { deprovision, remove } from "../Operations/Teardown.js"
import { Action } from "./Action.js"
import * as CrashLoop from "./CrashLoop.js"
import type { DeploymentFacts } from "./Facts.js"

/** Failures of an action. The next pass plans it again. */
export type ActionError = ProvisionError | DeprovisionError

/** Executes an action on the gathered records. */
export const execute = (
  context: DeployerContext,
  records: ReadonlyMap<string, DeploymentRecord>
): ((action: Action) => Effect.Effect<void, ActionError>) =>
  Action.$match({
    CloseOperation: (action) => closeOperation(context, action),
    ForgetFirst: ({ id }) => recover(context, id),
    RemoveStray: (action) => removeStray(context, action),
    EndCanary: (action) => endCanary(context, action),
    RemoveOrphan: (action) => removeOrphan(context, action),
    Restore: (action) => startAgain(context, action),
    GiveUp: ({ id, reason }) => write(context, records.get(id), (record) => gaveUpOn(record, reason)),
    Record: ({ id, seen }) => write(context, records.get(id), () => seen),
    Wait: () => Effect.void,
    Leave: () => Effect.void
  })

// internal

type Of<Tag extends Action["_tag"]> = Extract<Action, { readonly _tag: Tag }>

const closeOperation = (
  context: DeployerContext,
  { id, kind }: Of<"CloseOperation">
): Effect.Effect<void, ActionError> => {
  switch (kind) {
    case "provision":
    case "restore":
    case "canary":
    case "promote":
    case "abort":
      return recover(context, id)
    case "deprovision":
      return Effect.asVoid(deprovision(context, id))
    case "delete":
      return remove(context, id)
  }
}

const recover = (context: DeployerContext, id: DeploymentId): Effect.Effect<void, ActionError> =>
  Effect.asVoid(
    Effect.flatMap(requireDeployment(context.deployments, id), (record) =>
      CrashRecovery.recoverCrashed(context, record)
    )
  )

/** Only if no operation was begun and the generation is still not the accepted one. */
const removeStray = (context: DeployerContext, action: Of<"RemoveStray">): Effect.Effect<void, ActionError> =>
  unchanged(context, action, (lease, record) => {
    const { candidate, desired, generation, id, metadata, name } = record.deployment
    if (action.generation === candidate?.generation) return Effect.void
    const accepted = action.generation === generation
    if (accepted && desired === "running") return Effect.void
    const instance = { deploymentId: id, name, generation: action.generation }
    return context.leases
      .fenced(lease)(context.backend.deprovision(instance, accepted ? metadata : {}, { grace: 0 }))
      .pipe(Effect.zipRight(emitRemoved(context, action, { generation: action.generation, reason: action.reason })))
  })

/** A canary that another command ended meanwhile, or another candidate, is left alone. */
const endCanary = (
  context: DeployerContext,
  { generation, id, reason }: Of<"EndCanary">
): Effect.Effect<void, ActionError> =>
  Canary.abort(context, id, { reason: `The candidate did not run: ${reason}.`, generation }).pipe(
    Effect.catchTag("CanaryNotFound", () => Effect.void),
    Effect.asVoid
  )

const removeOrphan = (
  context: DeployerContext,
  action: Of<"RemoveOrphan">
): Effect.Effect<
  void,
  DeploymentBusy | DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown | LeaseLost | StoreError
> =>
  context.leases.holdNow(action, (lease) =>
    Effect.flatMap(context.deployments.find(action.id), (found) =>
      found._tag === "Some"
        ? Effect.void
        : context.leases
            .fenced(lease)(context.backend.destroy({ deploymentId: action.id, name: action.name }))
            .pipe(Effect.zipRight(emitRemoved(context, action, { resources: action.resources })))
    )
  )

const startAgain = (context: DeployerContext, action: Of<"Restore">): Effect.Effect<void, ActionError> =>
  unchanged(context, action, (lease, record) =>
    record.deployment.generation === action.generation && record.deployment.desired === "running"
      ? Effect.asVoid(restart(context, lease, record, action.reason))
      : Effect.void
  )

/** Under the lease, and only if no operation is open: then the decision still holds. */
const unchanged = <E>(
  context: DeployerContext,
  action: Pick<DeploymentFacts, "id" | "name">,
  use: (lease: Lease, record: DeploymentRecord) => Effect.Effect<void, E>
): Effect.Effect<void, E | DeploymentBusy | DeploymentNotFound | LeaseLost | StoreError> =>
  context.leases.holdNow(action, (lease) =>
    Effect.gen(function* () {
      const record = yield* requireDeployment(context.deployments, action.id)
      const open = yield* context.deployments.openOperations
      if (open.some(({ deploymentId }) => deploymentId === action.id)) return
      yield* use(lease, record)
    })
  )

const write = (
  context: DeployerContext,
  record: DeploymentRecord | undefined,
  seen: (record: DeploymentRecord) => OperationalState | "unobservable"
): Effect.Effect<void, StoreError> =>
  record === undefined ? Effect.void : Effect.asVoid(note(context, record.deployment, seen(record)))

const gaveUpOn = ({ deployment }: DeploymentRecord, reason: string): OperationalState =>
  new OperationalState({ status: "error", metadata: CrashLoop.mark(deployment.metadata), reason })

const emitRemoved = (
  context: DeployerContext,
  { id, name }: Pick<DeploymentFacts, "id" | "name">,
  data: Readonly<Record<string, unknown>>
) =>
  Effect.flatMap(context.ids.next, (operationId) =>
    context.journals
      .open({ deploymentId: id, deploymentName: name, operation: "reconcile", operationId })
      .emit("stray_removed", data)
  )

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { StoreError } from "../Errors/Stores.js"
import type * as Settings from "../Settings.js"
import type { Operation } from "../Store/DeploymentStore.js"
import * as Abandoned from "./Abandoned.js"
import { ReconcileReport } from "./Contract.js"
import type { Kit } from "./Kit.js"
import { observe } from "./Refresh.js"
import { deprovision, remove } from "./TakeDown.js"

type Action = ReconcileReport["actions"][number]

/**
 * Finishes or undoes operations whose process died, then observes every deployment of this deployer. What somebody alive
 * is changing is left alone. What cannot be mended now is reported and tried again next time.
 *
 * @category flows
 * @since 0.1.0
 */
export const reconcile = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>
): Effect.Effect<ReconcileReport, StoreError> =>
  Effect.gen(function* () {
    const actions: Array<Action> = []
    for (const operation of yield* kit.deployments.openOperations) {
      const settled = yield* settle(kit, operation)
      if (Option.isSome(settled)) actions.push(settled.value)
    }
    const ours = (yield* kit.deployments.list()).filter(
      ({ deployment: { deployer } }) => deployer.flavor === kit.backend.flavor && deployer.name === kit.backend.name
    )
    for (const record of ours) {
      const before = record.deployment
      const now = yield* observe(kit, record)
      if (now.status !== before.status) {
        actions.push({ deployment: now.name, action: "observe", detail: `${before.status} -> ${now.status}` })
      }
    }
    return new ReconcileReport({ observed: ours.length, actions })
  })

// internal

const settle = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  operation: Operation
): Effect.Effect<Option.Option<Action>, StoreError> =>
  Effect.gen(function* () {
    const found = yield* kit.deployments.find(operation.deploymentId)
    if (Option.isNone(found)) return Option.none()
    const record = yield* kit.requests.owned(found.value)
    const { id, name } = record.deployment
    switch (operation.kind) {
      case "provision":
        yield* Abandoned.takeBack(kit, record)
        return Option.some<Action>({
          deployment: name,
          action: operation.generation === record.deployment.generation ? "finish" : "undo",
          detail: `the interrupted provision of generation ${operation.generation}`
        })
      case "deprovision":
        yield* deprovision(kit, id)
        return Option.some<Action>({ deployment: name, action: "finish", detail: "the interrupted deprovision" })
      case "delete":
        yield* remove(kit, id)
        return Option.some<Action>({ deployment: name, action: "finish", detail: "the interrupted delete" })
    }
  }).pipe(
    Effect.catchAll((error) =>
      error._tag === "StoreError"
        ? Effect.fail(error)
        : Effect.as(Effect.logDebug(`Operation ${operation.id} was left as it is`, error), Option.none())
    )
  )

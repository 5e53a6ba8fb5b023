import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { canFollow, type Deployment, OperationalState } from "../Deployment.js"
import type { EngineUnavailable } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type * as Settings from "../Settings.js"
import type { DeploymentRecord } from "../Store/DeploymentStore.js"
import * as Abandoned from "./Abandoned.js"
import type { RefreshError } from "./Contract.js"
import { isReady } from "./Health.js"
import { currentInstance, type Kit, requireDeployment } from "./Kit.js"

/**
 * Observes a deployment and writes down what was seen. If the engine cannot be asked, the last known state stays and
 * the time since when it is uncertain is noted: unknown is not absent. A provision whose process died is taken back first,
 * if the engine allows. A status that cannot follow the last one (a deployment that was taken down does not fail) is not
 * written.
 *
 * @category flows
 * @since 0.1.0
 */
export const refresh = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  ref: string
): Effect.Effect<Deployment, RefreshError> =>
  requireDeployment(kit.deployments, ref).pipe(
    Effect.flatMap(kit.requests.owned),
    Effect.tap((record) => Effect.ignoreLogged(Abandoned.takeBack(kit, record))),
    Effect.flatMap((record) => observe(kit, record))
  )

/**
 * The same for a record at hand that is known to be this deployer's.
 *
 * @category flows
 * @since 0.1.0
 */
export const observe = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  record: DeploymentRecord
): Effect.Effect<Deployment, StoreError> => {
  const { deployment } = record
  if (deployment.generation === 0) return Effect.succeed(deployment)
  return look(kit, record).pipe(
    Effect.catchTag("EngineUnavailable", (error) =>
      Effect.as(Effect.logWarning(error.message), "unobservable" as const)
    ),
    Effect.flatMap((seen) =>
      seen === "unobservable" || canFollow(deployment.status, seen.status)
        ? kit.deployments.observe(deployment.id, deployment.generation, seen)
        : Effect.succeedNone
    ),
    Effect.map(Option.match({ onNone: () => deployment, onSome: (now) => now.deployment })),
    Effect.tap((now) => (now.status === deployment.status ? Effect.void : noteChange(kit, deployment, now)))
  )
}

// internal

const look = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  record: DeploymentRecord
): Effect.Effect<OperationalState, EngineUnavailable> =>
  Effect.gen(function* () {
    const instance = currentInstance(record)
    if (kit.backend.refresh !== undefined) yield* kit.backend.refresh(instance)
    const state = yield* kit.backend.state(instance, record.deployment.metadata)
    if (state.status !== "running" || state.url === undefined) return state
    const ready = yield* isReady(kit, state.url, kit.requests.serving(record))
    return ready
      ? state
      : new OperationalState({ ...state, status: "pending", reason: "it runs, but its health check does not answer" })
  })

const noteChange = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  before: Deployment,
  now: Deployment
) =>
  Effect.flatMap(kit.ids.next, (operationId) =>
    kit.journals
      .open({ deploymentId: now.id, deploymentName: now.name, operation: "refresh", operationId })
      .emit("status_observed", { from: before.status, to: now.status, reason: now.reason })
  )

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { canFollow, type Deployment, OperationalState } from "../../Deployment.js"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import { currentInstance, type DeployerContext } from "../DeployerContext.js"
import { isReady } from "./HealthGate.js"

/** How the accepted instance of a deployment is, its health included. Writes nothing. */
export const look = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  record: DeploymentRecord
): Effect.Effect<OperationalState | "unobservable"> =>
  Effect.catchTag(seen(kit, record), "EngineUnavailable", (error) =>
    Effect.as(Effect.logWarning(error.message), "unobservable" as const)
  )

/** Writes down how a deployment was seen, and tells of a new status. */
export const note = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  deployment: Deployment,
  seen: OperationalState | "unobservable"
): Effect.Effect<Deployment, StoreError> =>
  (seen === "unobservable" || canFollow(deployment.status, seen.status)
    ? kit.deployments.observe(deployment.id, deployment.generation, seen, deployment)
    : Effect.succeedNone
  ).pipe(
    Effect.map(Option.match({ onNone: () => deployment, onSome: (now) => now.deployment })),
    Effect.tap((now) => (now.status === deployment.status ? Effect.void : tell(kit, deployment, now)))
  )

// internal

const seen = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
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

const tell = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  before: Deployment,
  now: Deployment
) =>
  Effect.flatMap(kit.ids.next, (operationId) =>
    kit.journals
      .open({ deploymentId: now.id, deploymentName: now.name, operation: "refresh", operationId })
      .emit("status_observed", { from: before.status, to: now.status, reason: now.reason })
  )

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Candidate } from "../../Deployment/Candidate.js"
import { canFollow, type Deployment, OperationalState } from "../../Deployment.js"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import { candidateInstance, currentInstance, type DeployerContext } from "../DeployerContext.js"
import { checkHealth } from "./HealthGate.js"

/** The state of the accepted instance of a deployment, its health included. Writes nothing. */
export const look = (
  context: DeployerContext,
  record: DeploymentRecord
): Effect.Effect<OperationalState | "unobservable"> =>
  Effect.catchTag(observed(context, record), "EngineUnavailable", (error) =>
    Effect.as(Effect.logWarning(error.message), "unobservable" as const)
  )

/** The state of the instance of a candidate. Writes nothing. */
export const lookAt = (
  { backend }: DeployerContext,
  record: DeploymentRecord,
  candidate: Candidate
): Effect.Effect<OperationalState | "unobservable"> =>
  Effect.catchTag(
    backend.state(candidateInstance(record, candidate), candidate.metadata),
    "EngineUnavailable",
    (error) => Effect.as(Effect.logWarning(error.message), "unobservable" as const)
  )

/** Writes an observed state into the registry, and an event when the status is another one. */
export const note = (
  context: DeployerContext,
  deployment: Deployment,
  seen: OperationalState | "unobservable"
): Effect.Effect<Deployment, StoreError> =>
  (seen === "unobservable" || canFollow(deployment.status, seen.status)
    ? context.deployments.observe(deployment.id, deployment.generation, seen, deployment)
    : Effect.succeedNone
  ).pipe(
    Effect.map(Option.match({ onNone: () => deployment, onSome: (now) => now.deployment })),
    Effect.tap((now) => (now.status === deployment.status ? Effect.void : emitObserved(context, deployment, now)))
  )

// internal

const observed = (
  context: DeployerContext,
  record: DeploymentRecord
): Effect.Effect<OperationalState, EngineUnavailable> =>
  Effect.gen(function* () {
    const instance = currentInstance(record)
    if (context.backend.refresh !== undefined) yield* context.backend.refresh(instance)
    const state = yield* context.backend.state(instance, record.deployment.metadata)
    if (state.status !== "running" || state.url === undefined) return state
    const health = yield* checkHealth(context, state.url, context.requests.serving(record))
    return health !== "unready"
      ? state
      : new OperationalState({ ...state, status: "pending", reason: "it runs, but its health check does not answer" })
  })

const emitObserved = (context: DeployerContext, before: Deployment, now: Deployment) =>
  Effect.flatMap(context.ids.next, (operationId) =>
    context.journals
      .open({ deploymentId: now.id, deploymentName: now.name, operation: "refresh", operationId })
      .emit("status_observed", { from: before.status, to: now.status, reason: now.reason })
  )

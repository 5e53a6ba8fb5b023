import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { DeploymentNotFound } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type { Backend, Instance } from "../Flavor/Backend.js"
import type * as Settings from "../Settings.js"
import { type DeploymentRecord, DeploymentStore } from "../Store/DeploymentStore.js"
import type { EventStore } from "../Store/EventStore.js"
import { Ids } from "../Store/Ids.js"
import type { SecretBox } from "../Store/SecretBox.js"
import type { SecretStore } from "../Store/SecretStore.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import { Analytics, type Service as AnalyticsService } from "./Analytics.js"
import * as AuthKeys from "./AuthKeys.js"
import * as Journal from "./Journal.js"
import * as Leases from "./Leases.js"
import * as Requests from "./Requests.js"

/**
 * What the flows of one deployer work with.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeployerContext<S extends Settings.Deployment, SI extends Settings.DeploymentInput> {
  readonly backend: Backend<S, SI>
  readonly deployments: typeof DeploymentStore.Service
  readonly snapshots: typeof SnapshotStore.Service
  readonly requests: Requests.Requests<S, SI>
  readonly authKeys: AuthKeys.AuthKeys
  readonly leases: Leases.Leases
  readonly journals: Journal.Journals
  readonly analytics: AnalyticsService
  readonly ids: typeof Ids.Service
  readonly http: HttpClient.HttpClient
}

/**
 * What a deployer needs besides its backend.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements =
  | DeploymentStore
  | SnapshotStore
  | SecretStore
  | SecretBox
  | EventStore
  | Ids
  | HttpClient.HttpClient

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: Backend<S, SI>
): Effect.Effect<DeployerContext<S, SI>, never, Requirements> =>
  Effect.all({
    backend: Effect.succeed(backend),
    deployments: DeploymentStore,
    snapshots: SnapshotStore,
    requests: Requests.make(backend),
    authKeys: AuthKeys.make,
    leases: Leases.make(`${backend.flavor}/${backend.name}`),
    journals: Journal.make,
    analytics: Analytics,
    ids: Ids,
    http: HttpClient.HttpClient
  })

/**
 * The instance of a deployment's accepted generation.
 *
 * @category accessors
 * @since 0.1.0
 */
export const currentInstance = ({ deployment }: DeploymentRecord): Instance => ({
  deploymentId: deployment.id,
  name: deployment.name,
  generation: deployment.generation
})

/**
 * How long an instance that was accepted may take to stop, in milliseconds, by the stored settings of its deployment.
 *
 * @category accessors
 * @since 0.1.0
 */
export const graceOf = ({ stopGraceMillis }: DeploymentRecord["settings"]): number =>
  typeof stopGraceMillis === "number" ? stopGraceMillis : 0

/**
 * A deployment that has to be there.
 *
 * @category accessors
 * @since 0.1.0
 */
export const requireDeployment = (
  deployments: typeof DeploymentStore.Service,
  ref: string
): Effect.Effect<DeploymentRecord, DeploymentNotFound | StoreError> =>
  Effect.flatMap(
    deployments.find(ref),
    Option.match({ onNone: () => Effect.fail(new DeploymentNotFound({ ref })), onSome: Effect.succeed })
  )

import * as HttpClient from "@effect/platform/HttpClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Candidate } from "../Deployment/Candidate.js"
import type { DeploymentEvent, EventType } from "../Deployment/DeploymentEvent.js"
import { DeploymentNotFound } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type { Instance } from "../Flavor/Instance.js"
import { type DeploymentRecord, DeploymentStore } from "../Store/DeploymentStore.js"
import { EventStore } from "../Store/EventStore.js"
import { Ids } from "../Store/Ids.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import { SecretStore } from "../Store/SecretStore.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import { Analytics, type Service as AnalyticsService } from "./Analytics.js"
import * as AuthKeys from "./AuthKeys.js"
import * as Leases from "./Leases.js"
import type { ErasedBackend } from "./Requests.js"
import * as Requests from "./Requests.js"

/** Writes the events of one operation to the registry and to `Deployer.events`. */
export interface Journal {
  readonly operationId: string
  readonly emit: (type: EventType, data?: Readonly<Record<string, unknown>>) => Effect.Effect<void>
}

/** The operation of a journal. */
export type Subject = Pick<DeploymentEvent, "deploymentId" | "deploymentName" | "operation" | "operationId">

/** The events of a deployer. */
export interface Journals {
  /** Subscribed as soon as it succeeds, until the scope closes. */
  readonly subscribe: Effect.Effect<Queue.Dequeue<DeploymentEvent>, never, Scope.Scope>
  readonly open: (subject: Subject) => Journal
}

/**
 * Makes the journals of a deployer. An event that cannot be stored is logged and still published: progress must not
 * stop an operation.
 */
const makeJournals: Effect.Effect<Journals, never, EventStore> = Effect.gen(function* () {
  const store = yield* EventStore
  const hub = yield* PubSub.unbounded<DeploymentEvent>()

  const record = Effect.fnUntraced(function* (
    subject: Subject,
    type: EventType,
    data: Readonly<Record<string, unknown>>
  ) {
    const event = { ...subject, type, data, at: yield* DateTime.now }
    const stored = yield* store
      .append(event)
      .pipe(
        Effect.catchAll((error) =>
          Effect.as(Effect.logWarning("An event could not be stored", error), { ...event, sequence: 0 })
        )
      )
    yield* PubSub.publish(hub, stored)
  })

  return {
    subscribe: PubSub.subscribe(hub),
    open: (subject) => ({
      operationId: subject.operationId,
      emit: (type, data = {}) => record(subject, type, data)
    })
  }
})

/** The services that every flow of one deployer uses. */
export interface DeployerContext {
  readonly backend: ErasedBackend
  readonly deployments: typeof DeploymentStore.Service
  readonly snapshots: typeof SnapshotStore.Service
  readonly secrets: typeof SecretStore.Service
  readonly requests: Requests.Requests
  readonly authKeys: AuthKeys.AuthKeys
  readonly leases: Leases.Leases
  readonly journals: Journals
  readonly analytics: AnalyticsService
  readonly ids: typeof Ids.Service
  readonly http: HttpClient.HttpClient
}

/**
 * The services a deployer needs besides its backend.
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

export const make = (backend: ErasedBackend): Effect.Effect<DeployerContext, never, Requirements> =>
  Effect.all({
    backend: Effect.succeed(backend),
    deployments: DeploymentStore,
    snapshots: SnapshotStore,
    secrets: SecretStore,
    requests: Requests.make(backend),
    authKeys: AuthKeys.make,
    leases: Leases.make(`${backend.flavor}/${backend.name}`),
    journals: makeJournals,
    analytics: Analytics,
    ids: Ids,
    http: HttpClient.HttpClient
  })

/** The instance of a deployment's accepted generation. */
export const currentInstance = ({ deployment }: DeploymentRecord): Instance => ({
  deploymentId: deployment.id,
  name: deployment.name,
  generation: deployment.generation
})

/** The instance of the candidate of a deployment. */
export const candidateInstance = (
  record: DeploymentRecord,
  { generation }: Pick<Candidate, "generation">
): Instance => ({ ...currentInstance(record), generation })

/** The instances that callers reach: that of the accepted generation, and that of a candidate. */
export const servingInstances = (record: DeploymentRecord): ReadonlyArray<Instance> => {
  const { candidate } = record.deployment
  return [currentInstance(record), ...(candidate === undefined ? [] : [candidateInstance(record, candidate)])]
}

/** The time an accepted instance has to stop, in milliseconds, from the stored settings of its deployment. */
export const graceOf = ({ stopGraceMillis }: DeploymentRecord["settings"]): number =>
  typeof stopGraceMillis === "number" ? stopGraceMillis : 0

/** The deployment of a name or id; fails if there is none. */
export const requireDeployment = (
  deployments: typeof DeploymentStore.Service,
  ref: string
): Effect.Effect<DeploymentRecord, DeploymentNotFound | StoreError> =>
  Effect.flatMap(
    deployments.find(ref),
    Option.match({ onNone: () => Effect.fail(new DeploymentNotFound({ ref })), onSome: Effect.succeed })
  )

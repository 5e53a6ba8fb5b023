/**
 * Deployments in the registry: their rows, revisions, operations and leases.
 *
 * **Details**
 *
 * Invariants every implementation keeps and `StoreSuite` checks:
 *
 * - At most one lease per deployment is valid. Its token only grows. A write that takes a lease fails with `LeaseLost`
 *   when a later token was given out, and then changes nothing.
 * - An operation is recorded (`begin`) before anything outside the registry is touched, and closed exactly once.
 * - `commit` is the only way the generation, snapshot, settings and key of a deployment change; `abort` leaves them
 *   byte-equal.
 * - `observe` never changes a row whose generation is another one, or that has an open operation.
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { LiveKey } from "../Contract/Keys.js"
import type { Candidate } from "../Deployment/Candidate.js"
import type { Intake } from "../Deployment/Intake.js"
import { type Deployment, DeploymentId, type OperationalState, type Revision, type Status } from "../Deployment.js"
import type { DeploymentAlreadyExists, DeploymentBusy, LeaseLost } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type { Sealed } from "./Registry/SecretBox.js"

/**
 * The key of a deployment at rest: a digest for checking, and the key itself, sealed, for its owner's own client.
 *
 * @category models
 * @since 0.1.0
 */
export interface AuthKey {
  /** SHA-256 (hex) of the key. */
  readonly digest: string
  readonly sealed: Sealed
}

/**
 * A key of a deployment at rest, with its rights and its history.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StoredKey = Schema.Struct({
  ...LiveKey.fields,
  /** The key itself, sealed. */
  sealed: Schema.String,
  /** The source of the key: the deployer, its owner, or a stored secret. */
  origin: Schema.Literal("generated", "given", "secret"),
  /** Milliseconds since the epoch. */
  createdAt: Schema.Number,
  /** A newer key replaces it: it is live until it is removed, and the next rotation removes it. */
  isRetiring: Schema.optional(Schema.Boolean)
})

export type StoredKey = typeof StoredKey.Type

/**
 * A deployment as the registry keeps it.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeploymentRecord {
  readonly deployment: Deployment
  /** The settings of the last accepted generation as they were merged, encoded. */
  readonly settings: Readonly<Record<string, unknown>>
  /** The key of the owner's own client; `undefined` for a service that asks for no key. */
  readonly authKey: AuthKey | undefined
  /** The live keys. A service that asks for no key may have some: they are live again when it asks for a key again. */
  readonly authKeys: ReadonlyArray<StoredKey>
  /** Since when the deployment has its status. */
  readonly statusSince: DateTime.Utc
}

/**
 * A deployment that was deleted on purpose: proof that its leftovers may be removed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tombstone {
  readonly deploymentId: DeploymentId
  readonly name: Deployment["name"]
  readonly deployer: Deployment["deployer"]
  /** The highest generation that was ever begun. */
  readonly generation: number
  readonly deletedAt: DateTime.Utc
}

/**
 * A deployment as its own files describe it, for a registry that lost it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recovered {
  readonly id: DeploymentId
  readonly name: Deployment["name"]
  readonly deployer: Deployment["deployer"]
  readonly snapshot: Deployment["snapshot"]
  readonly generation: number
  /** Other generations that were found and do not count. */
  readonly refused: ReadonlyArray<number>
  readonly settings: Readonly<Record<string, unknown>>
  readonly authKey: AuthKey | undefined
  readonly authKeys?: ReadonlyArray<StoredKey> | undefined
  readonly intake?: Intake | undefined
  readonly state: OperationalState
  /** The author. */
  readonly by: string
}

/**
 * The right to change one deployment, for a while.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lease {
  readonly deploymentId: DeploymentId
  readonly holder: string
  /** Fencing token: every new lease of a deployment has a higher one. */
  readonly token: number
}

/**
 * The kinds of recorded lifecycle operations; `restore` starts an ended instance again, `canary` starts a candidate,
 * `promote` accepts it, and `abort` removes it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const OperationKind = Schema.Literal(
  "provision",
  "deprovision",
  "delete",
  "restore",
  "canary",
  "promote",
  "abort"
)

export type OperationKind = typeof OperationKind.Type

/**
 * A lifecycle operation that was begun. While it is open it is the intent that a later command finishes or undoes.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Operation extends Schema.Class<Operation>("effect-deployers/Operation")({
  /** UUIDv7. */
  id: Schema.String,
  deploymentId: DeploymentId,
  kind: OperationKind,
  /** The generation it makes (`provision`, `canary`), takes down, starts again (`restore`), or decides on. */
  generation: Schema.Int,
  holder: Schema.String,
  startedAt: Schema.DateTimeUtc
}) {}

/**
 * Keeps deployments.
 *
 * @category services
 * @since 0.1.0
 */
export class DeploymentStore extends Context.Tag("effect-deployers/Store/DeploymentStore")<
  DeploymentStore,
  {
    /** UUID of this registry, made when the database was. Another process can change it with `takeIdentity`. */
    readonly identity: Effect.Effect<string, StoreError>
    /** @deprecated The id when the store was opened. Use `identity`. */
    readonly registryId: string
    /** By name or id. */
    readonly find: (ref: string) => Effect.Effect<Option.Option<DeploymentRecord>, StoreError>
    /** Sorted by name, with one of the statuses; `after` is the last name of the page before. */
    readonly list: (options?: {
      readonly status?: Status | ReadonlyArray<Status> | undefined
      readonly limit?: number | undefined
      readonly after?: string | undefined
    }) => Effect.Effect<ReadonlyArray<DeploymentRecord>, StoreError>
    /** Adds a deployment at generation 0, status `pending`. */
    readonly insert: (draft: {
      readonly id: DeploymentId
      readonly name: Deployment["name"]
      readonly deployer: Deployment["deployer"]
      readonly snapshot: Deployment["snapshot"]
    }) => Effect.Effect<DeploymentRecord, DeploymentAlreadyExists | StoreError>
    /** Takes the lease if it is free, expired, or already held by the same holder. */
    readonly acquire: (
      deploymentId: DeploymentId,
      options: {
        readonly name: string
        readonly holder: string
        readonly ttl: Duration.DurationInput
        /** A holder known to be dead, whose lease may be taken before it expires. */
        readonly takeOverFrom?: string | undefined
      }
    ) => Effect.Effect<Lease, DeploymentBusy | StoreError>
    /** Extends a lease that is still ours. */
    readonly renew: (lease: Lease, ttl: Duration.DurationInput) => Effect.Effect<void, LeaseLost | StoreError>
    /** Gives a lease back; nothing happens if it is not ours any more. */
    readonly release: (lease: Lease) => Effect.Effect<void, StoreError>
    /**
     * Records the intent of an operation before anything else is touched. A `provision` and a `canary` get the next
     * generation number and a pending revision; `promote` and `abort` work on the candidate, the others on the current
     * generation. If an earlier operation was left open (its
     * process died), it is closed as abandoned and its pending revision as failed.
     */
    readonly begin: (
      lease: Lease,
      intent:
        | {
            readonly id: string
            readonly kind: "provision" | "canary"
            readonly snapshotId: string
            readonly settings: Readonly<Record<string, unknown>>
            /** The author of the revision. */
            readonly by?: string | undefined
          }
        | { readonly id: string; readonly kind: "deprovision" | "delete" | "restore" | "promote" | "abort" }
    ) => Effect.Effect<Operation, LeaseLost | StoreError>
    /**
     * Accepts the generation an operation made, or the candidate that it promotes: it becomes the deployment's, desired
     * `running`. The operation stays open until `finish`, because what served before has yet to be removed.
     */
    readonly commit: (
      lease: Lease,
      operation: Operation,
      change: {
        readonly snapshot: Deployment["snapshot"]
        readonly settings: Readonly<Record<string, unknown>>
        readonly state: OperationalState
        readonly authKey: AuthKey | undefined
        /** Default: the keys stay. */
        readonly authKeys?: ReadonlyArray<StoredKey> | undefined
      }
    ) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /**
     * Makes the generation of a `canary` the candidate of the deployment. The operation stays open until `finish`, because
     * its callers have yet to be led to it.
     */
    readonly offer: (
      lease: Lease,
      operation: Operation,
      candidate: Candidate
    ) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /** The candidate is gone, for a one-sentence reason: its revision failed. Closes the operation. */
    readonly withdraw: (
      lease: Lease,
      operation: Operation,
      reason: string
    ) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /** Closes an operation that was committed: nothing of earlier generations is left. */
    readonly finish: (lease: Lease, operation: Operation) => Effect.Effect<void, LeaseLost | StoreError>
    /**
     * Refuses what an operation tried, with a one-sentence reason. The deployment stays as it was; only one that never had
     * an accepted generation, and was to get one, gets status `error` and the reason. Closes the operation.
     */
    readonly abort: (
      lease: Lease,
      operation: Operation,
      reason: string
    ) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /**
     * The deployment was taken down: desired `stopped`, status `absent`, no url, no candidate; metadata is kept. Closes the
     * operation.
     */
    readonly stopped: (lease: Lease, operation: Operation) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /** The accepted generation was started again, or could not be: writes how it is. Closes the operation. */
    readonly restored: (
      lease: Lease,
      operation: Operation,
      state: OperationalState
    ) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /**
     * Deletes the row with its revisions, operations and lease, and leaves a tombstone. Its events stay, as the audit log.
     */
    readonly remove: (lease: Lease) => Effect.Effect<void, LeaseLost | StoreError>
    /**
     * Writes what a backend observed of a generation, or that it could not be observed (`unobservable` keeps the last
     * known state and sets `unknownSince`). Changes nothing when the row has moved on, also to a status which the observed
     * one cannot follow, or another desired state than at the start of the observation (`basis`); returns the row as it is
     * then.
     */
    readonly observe: (
      deploymentId: DeploymentId,
      generation: number,
      observation: OperationalState | "unobservable",
      basis?: Pick<Deployment, "desired"> | undefined
    ) => Effect.Effect<Option.Option<DeploymentRecord>, StoreError>
    /** Replaces the key of the owner's client, or removes it; with `authKeys` all live keys, too. */
    readonly setAuthKey: (
      lease: Lease,
      authKey: AuthKey | undefined,
      authKeys?: ReadonlyArray<StoredKey>
    ) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /** Changes the intake of a deployment; `undefined` accepts runs. */
    readonly setIntake: (
      lease: Lease,
      intake: Intake | undefined
    ) => Effect.Effect<DeploymentRecord, LeaseLost | StoreError>
    /** Newest first. */
    readonly revisions: (deploymentId: DeploymentId) => Effect.Effect<ReadonlyArray<Revision>, StoreError>
    /** Operations that were begun and not closed, oldest first. */
    readonly openOperations: Effect.Effect<ReadonlyArray<Operation>, StoreError>
    /** The starts of the restores of a deployment since a time, oldest first. */
    readonly restores: (
      deploymentId: DeploymentId,
      since: DateTime.Utc
    ) => Effect.Effect<ReadonlyArray<DateTime.Utc>, StoreError>
    /** Leases that have not expired, by deployment id. */
    readonly leases: Effect.Effect<
      ReadonlyArray<{ readonly deploymentId: DeploymentId; readonly holder: string }>,
      StoreError
    >
    /** Every deployment that was ever deleted. */
    readonly tombstones: Effect.Effect<ReadonlyArray<Tombstone>, StoreError>
    /**
     * Puts a deployment back that the registry does not know any more, as accepted at its generation. One that is known at
     * that or a later generation is left as it is.
     */
    readonly recover: (recovered: Recovered) => Effect.Effect<DeploymentRecord, DeploymentAlreadyExists | StoreError>
    /**
     * Gives a registry without deployments the id of the one it stands in for; `false` if it has some. Stores that are open
     * have the new id as their `identity`.
     */
    readonly takeIdentity: (registryId: string) => Effect.Effect<boolean, StoreError>
  }
>() {}

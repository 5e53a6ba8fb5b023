import type * as Brand from "effect/Brand"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Deployment from "../Deployment.js"
import { DeploymentInvalidSettings } from "../Errors/Input.js"
import {
  DeploymentAlreadyExists,
  DeploymentDeployerMismatch,
  DeploymentSnapshotMismatch,
  SnapshotNotFound
} from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type { Backend } from "../Flavor/Backend.js"
import { invalidSettings } from "../Internal/InvalidSettings.js"
import * as Keep from "../Settings/Keep.js"
import { stopGraceIssue, withStopGrace } from "../Settings/StopGrace.js"
import * as Settings from "../Settings.js"
import { Snapshot } from "../Snapshot/Model.js"
import { type DeploymentRecord, DeploymentStore } from "../Store/DeploymentStore.js"
import { SecretBox } from "../Store/Registry/SecretBox.js"
import { SecretStore } from "../Store/SecretStore.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import type { PlanError, ProvisionOptions, SnapshotRef } from "./Contract.js"
import { below, keptSettings } from "./KeptSettings.js"
import { findSecrets } from "./SecretSources.js"

/** Settings that the backend's own Schema decoded. The flows see the common fields, the backend all of them. */
export type DecodedSettings = Settings.Deployment & Brand.Brand<"effect-deployers/DecodedSettings">

/** A backend whose own settings are opaque. */
export type ErasedBackend = Backend<DecodedSettings, Settings.DeploymentInput>

/** A provision that passed every check that needs no engine and no lease. */
export interface Request {
  readonly name: Deployment.DeploymentName
  readonly existing: DeploymentRecord | undefined
  readonly snapshot: Snapshot
  readonly settings: DecodedSettings
  /** `settings` as they are stored. */
  readonly encoded: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, Redacted.Redacted>>
  /** The settings of earlier calls that stay. */
  readonly kept: Readonly<Record<string, unknown>>
}

/** Options of a provision. The settings are of this call or were stored by an earlier one; the backend's Schema decides. */
export type RequestOptions = Omit<ProvisionOptions, "settings"> & {
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  /** The new generation becomes a candidate for at most this percentage of the callers. */
  readonly canary?: { readonly percent: number } | undefined
}

/**
 * Checks the requests of callers. Ported checks of ZenML's base deployer: the snapshot has input and output schemas, the
 * deployment belongs to this deployer, an existing one may be replaced. Unlike there, a snapshot may back any number of
 * deployments.
 */
export interface Requests {
  /** Checks a provision by name or id. `known` is the deployment if the caller has read it already. */
  readonly provision: (
    snapshot: SnapshotRef,
    options: RequestOptions,
    known?: DeploymentRecord
  ) => Effect.Effect<Request, PlanError>
  readonly owned: (record: DeploymentRecord) => Effect.Effect<DeploymentRecord, DeploymentDeployerMismatch>
  /** The snapshot, settings and secrets of the accepted generation of a deployment. */
  readonly stored: (
    record: DeploymentRecord
  ) => Effect.Effect<Pick<Request, "snapshot" | "settings" | "secrets">, PlanError>
  /** The serving settings of the accepted generation of a deployment; the defaults if they cannot be read any more. */
  readonly serving: (record: Pick<DeploymentRecord, "settings">) => Settings.Serving
  /** The recovery settings of a deployment; the defaults if they cannot be read any more. */
  readonly recovery: (record: Pick<DeploymentRecord, "settings">) => Settings.Recovery
  /** The ends after which a deployment is started again; the default if the setting cannot be read any more. */
  readonly restart: (record: Pick<DeploymentRecord, "settings">) => Settings.Restart
}

export const make = (
  backend: ErasedBackend
): Effect.Effect<Requests, never, DeploymentStore | SnapshotStore | SecretStore | SecretBox> =>
  Effect.gen(function* () {
    const deployments = yield* DeploymentStore
    const snapshots = yield* SnapshotStore
    const sources = { secrets: yield* SecretStore, box: yield* SecretBox, deployments }

    const decode = Schema.decodeUnknown(backend.settings, { errors: "all", onExcessProperty: "error" })
    const decoded = (settings: Readonly<Record<string, unknown>>) => Effect.mapError(decode(settings), invalidSettings)
    const given = Effect.fnUntraced(function* (...layers: ReadonlyArray<Readonly<Record<string, unknown>>>) {
      const merged = Settings.merge(...layers)
      const settings = yield* decoded(withStopGrace(merged))
      const issue = stopGraceIssue(merged)
      return issue === undefined ? settings : yield* new DeploymentInvalidSettings({ issues: [issue] })
    })

    const owned: Requests["owned"] = (record) => {
      const owner = record.deployment.deployer
      return owner.flavor === backend.flavor && owner.name === backend.name
        ? Effect.succeed(record)
        : Effect.fail(
            new DeploymentDeployerMismatch({
              name: record.deployment.name,
              owner,
              given: { flavor: backend.flavor, name: backend.name }
            })
          )
    }

    const existing = Effect.fnUntraced(function* (options: RequestOptions, known: DeploymentRecord | undefined) {
      const found = known === undefined ? yield* deployments.find(options.name) : Option.some(known)
      if (Option.isNone(found)) return undefined
      if (options.replace === false) return yield* new DeploymentAlreadyExists({ name: found.value.deployment.name })
      return yield* owned(found.value)
    })

    const provision: Requests["provision"] = Effect.fnUntraced(function* (ref, options, known) {
      const record = yield* existing(options, known)
      const name = yield* record === undefined
        ? Deployment.parseName(options.name)
        : Effect.succeed(record.deployment.name)
      const snapshot = yield* findSnapshot(snapshots, ref)
      if (options.allowOtherPipeline === false) yield* samePipeline(record, snapshot)
      const kept = yield* keptSettings(backend, snapshots, record, options)
      const call = Keep.withKeptNames(kept, options.settings ?? {})
      const merged = yield* given(...below(backend, snapshot), kept, call)
      const encoded = yield* Effect.mapError(Schema.encode(backend.settings)(merged), invalidSettings)
      const secrets = yield* findSecrets(sources, merged)
      return {
        name,
        existing: record,
        snapshot,
        settings: merged,
        encoded: { ...encoded },
        secrets,
        kept: Keep.common(kept, encoded)
      }
    })

    const stored: Requests["stored"] = Effect.fnUntraced(function* (record) {
      const settings = yield* decoded(Settings.withCurrentNames(record.settings))
      return {
        settings,
        snapshot: yield* findSnapshot(snapshots, record.deployment.snapshot.id),
        secrets: yield* findSecrets(sources, settings)
      }
    })

    const serving: Requests["serving"] = (record) =>
      Option.getOrElse(decodeServing(record.settings.serving ?? {}), () => Schema.decodeSync(Settings.Serving)({}))

    const recovery: Requests["recovery"] = (record) =>
      Option.getOrElse(decodeRecovery(record.settings.recovery ?? {}), () => Schema.decodeSync(Settings.Recovery)({}))

    const restart: Requests["restart"] = (record) =>
      Option.getOrElse(decodeRestart(Settings.withCurrentNames(record.settings)["restart"]), () => "always" as const)

    return { provision, owned, stored, serving, recovery, restart }
  })

// internal

const decodeServing = Schema.decodeUnknownOption(Settings.Serving)
const decodeRecovery = Schema.decodeUnknownOption(Settings.Recovery)
const decodeRestart = Schema.decodeUnknownOption(Settings.Restart)

const findSnapshot = (
  snapshots: typeof SnapshotStore.Service,
  ref: SnapshotRef
): Effect.Effect<Snapshot, SnapshotNotFound | DeploymentSnapshotMismatch | StoreError> =>
  Effect.gen(function* () {
    const found = yield* snapshots.find(ref instanceof Snapshot ? ref.id : ref)
    if (Option.isNone(found)) return yield* ref instanceof Snapshot ? notInRegistry(ref) : new SnapshotNotFound({ ref })
    const { label, spec } = found.value
    if (Record.isEmptyRecord(spec.input) || Record.isEmptyRecord(spec.output)) {
      return yield* new DeploymentSnapshotMismatch({
        snapshot: label,
        reason: "it has no input or output schema",
        remedy: "Make the snapshot again from the pipeline file"
      })
    }
    return found.value
  })

/** Callers of a deployment rely on its pipeline. */
const samePipeline = (
  record: DeploymentRecord | undefined,
  { label, spec }: Snapshot
): Effect.Effect<void, DeploymentSnapshotMismatch> =>
  record === undefined || record.deployment.snapshot.pipelineName === spec.name
    ? Effect.void
    : Effect.fail(
        new DeploymentSnapshotMismatch({
          snapshot: label,
          reason: `deployment "${record.deployment.name}" serves the pipeline "${record.deployment.snapshot.pipelineName}", not "${spec.name}"`,
          remedy: "Choose another name, or allow the other pipeline (`--allow-other-pipeline`)"
        })
      )

const notInRegistry = ({ label: snapshot }: Snapshot): DeploymentSnapshotMismatch =>
  new DeploymentSnapshotMismatch({
    snapshot,
    reason: "the registry does not have it, because it was deleted or belongs to another registry",
    remedy: "Make the snapshot again from the pipeline file"
  })

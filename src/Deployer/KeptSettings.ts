/** The settings that a redeploy keeps from the calls before. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { DeploymentInvalidSettings } from "../Errors/Input.js"
import type { Issue } from "../Errors/Issue.js"
import type { StoreError } from "../Errors/Stores.js"
import * as Keep from "../Settings/Keep.js"
import { withoutDerived } from "../Settings/StopGrace.js"
import { type Known, meaning } from "../Settings/Unset.js"
import * as Settings from "../Settings.js"
import type { Snapshot } from "../Snapshot/Model.js"
import type { DeploymentRecord } from "../Store/DeploymentStore.js"
import type { SnapshotStore } from "../Store/SnapshotStore.js"
import type { ErasedBackend, RequestOptions } from "./Requests.js"

type Layer = Readonly<Record<string, unknown>>

/** The lower layers of a deployment's settings: those of the deployer and of the snapshot. */
export const below = (backend: ErasedBackend, { settings, spec }: Snapshot): ReadonlyArray<Layer> => [
  backend.defaults,
  { serving: spec.serving },
  settings
]

/**
 * The kept settings of a redeploy, without those it removes; none without `keep`, for a new deployment, and for one that
 * was never accepted.
 */
export const keptSettings = (
  backend: ErasedBackend,
  snapshots: typeof SnapshotStore.Service,
  record: DeploymentRecord | undefined,
  { keep, unset = [] }: Pick<RequestOptions, "keep" | "unset">
): Effect.Effect<Layer, DeploymentInvalidSettings | StoreError> =>
  Effect.gen(function* () {
    const before = keep === true && record !== undefined ? yield* givenBefore(backend, snapshots, record) : {}
    const meanings = unset.map((key) => meaning(key, before, knownOf(backend)))
    const issues = meanings.flatMap((one): ReadonlyArray<Issue> => ("issue" in one ? [one.issue] : []))
    if (issues.length > 0) return yield* new DeploymentInvalidSettings({ issues })
    return Keep.without(before, new Set(meanings.flatMap((one) => ("paths" in one ? one.paths : []))))
  })

/** The names of the settings of a deployer. */
export const settingNames = ({ settings }: Pick<ErasedBackend, "settings">): ReadonlyArray<string> =>
  SchemaAST.getPropertySignatures(Schema.encodedSchema(settings).ast).map(({ name }) => String(name))

// internal

const givenBefore = (
  backend: ErasedBackend,
  snapshots: typeof SnapshotStore.Service,
  record: DeploymentRecord
): Effect.Effect<Layer, StoreError> => {
  if (record.deployment.generation === 0) return Effect.succeed({})
  return Effect.map(snapshots.find(record.deployment.snapshot.id), (found) => {
    const layers = Option.match(found, {
      onNone: () => [backend.defaults],
      onSome: (snapshot) => below(backend, snapshot)
    })
    return Keep.given(withoutDerived(Settings.withCurrentNames(record.settings)), complete(backend, layers))
  })
}

/** The layers with every default, encoded; as they are if they are not valid any more. */
const complete = ({ settings }: ErasedBackend, layers: ReadonlyArray<Layer>): Layer => {
  const merged = Settings.merge<Layer>(...layers)
  const encoded = Option.flatMap(Schema.decodeUnknownOption(settings)(merged), Schema.encodeOption(settings))
  return Option.match(encoded, { onNone: () => merged, onSome: (value): Layer => ({ ...value }) })
}

const knownOf = (backend: ErasedBackend): Known => ({
  settings: settingNames(backend),
  serving: Object.keys(Settings.Serving.fields),
  recovery: Object.keys(Settings.Recovery.fields)
})

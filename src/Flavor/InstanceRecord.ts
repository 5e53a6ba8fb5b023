/**
 * The record of a revision beside its instance: its registry, and everything that adds the deployment to a registry that
 * lost it. Readable by its owner only.
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Intake } from "../Deployment/Intake.js"
import { DeploymentId, DeploymentName } from "../Deployment.js"
import type { EngineUnavailable } from "../Errors/Lifecycle.js"
import { Snapshot } from "../Snapshot/Model.js"
import { StoredKey } from "../Store/DeploymentStore.js"
import { Home } from "../Store/Home.js"
import { toUnavailable } from "./ErrorText.js"
import type { Found, Inventory } from "./Instance.js"
import { folders, generationsIn, orIfMissing, readJson, writeWhole } from "./InstanceFiles.js"

/**
 * One revision, in the files of its instance.
 *
 * @category schemas
 * @since 0.1.0
 */
export const InstanceRecord = Schema.Struct({
  formatVersion: Schema.Literal(1),
  /** The registry whose deployment it is. */
  registryId: Schema.String,
  deployer: Schema.Struct({ flavor: Schema.String, name: Schema.String }),
  deployment: Schema.Struct({ id: DeploymentId, name: DeploymentName }),
  generation: Schema.Int,
  snapshot: Snapshot,
  /** The merged settings, encoded. Secrets are in it by name only. */
  settings: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  /** The key callers need: its digest, and the key itself sealed as in the registry. */
  authKey: Schema.optional(Schema.Struct({ digest: Schema.String, sealed: Schema.String })),
  /** All live keys, sealed. */
  authKeys: Schema.optional(Schema.Array(StoredKey)),
  /** The pause or the maintenance of the deployment. */
  intake: Schema.optional(Intake),
  /** True for the candidate of a canary, which no registry accepted. */
  isCandidate: Schema.optional(Schema.Boolean)
})

export type InstanceRecord = typeof InstanceRecord.Type

/**
 * Writes the record of an instance into its folder, which exists.
 *
 * @category writing
 * @since 0.1.0
 */
export const write = (
  folder: string,
  record: InstanceRecord
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  writeWhole(Path.join(folder, fileName), encode(record), 0o600)

/**
 * Replaces the keys in the record of an instance, if the folder has one.
 *
 * @category writing
 * @since 0.1.0
 */
export const replaceKeys = (
  folder: string,
  { authKey, authKeys }: Pick<InstanceRecord, "authKey" | "authKeys">
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(readJson(Path.join(folder, fileName), InstanceRecord), (found) => {
    if (Option.isNone(found)) return Effect.void
    const { authKey: old, authKeys: _, ...rest } = found.value
    // An instance that asks for no key does not start to ask for one.
    const own = old === undefined || authKey === undefined ? {} : { authKey }
    return write(folder, { ...rest, ...own, ...(authKeys === undefined ? {} : { authKeys }) })
  })

/**
 * Replaces the intake in the record of an instance, if the folder has one.
 *
 * @category writing
 * @since 0.2.0
 */
export const replaceIntake = (
  folder: string,
  intake: InstanceRecord["intake"]
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(readJson(Path.join(folder, fileName), InstanceRecord), (found) => {
    if (Option.isNone(found)) return Effect.void
    const { intake: _, ...rest } = found.value
    return write(folder, { ...rest, ...(intake === undefined ? {} : { intake }) })
  })

/**
 * `Backend.inventory` for flavors whose instances have all their resources in the home.
 *
 * @param deployer its flavor and name
 *
 * @category reading
 * @since 0.1.0
 */
export const inventory = (
  deployer: InstanceRecord["deployer"]
): Effect.Effect<Inventory, EngineUnavailable, Home | FileSystem.FileSystem> =>
  inHome(deployer).pipe(
    Effect.map((found) => ({ engineId: undefined, found })),
    Effect.mapError(toUnavailable(deployer.flavor, "list its instances"))
  )

/**
 * The resources of a deployer in the home: the files of every generation, and the folders of deployments. A folder without a
 * record, because its process died before, may belong to another deployer; the registry knows.
 *
 * @param deployer its flavor and name
 *
 * @category reading
 * @since 0.1.0
 */
export const inHome = (
  deployer: InstanceRecord["deployer"]
): Effect.Effect<ReadonlyArray<Found>, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { deployments } = yield* Home
    const names = yield* fs.readDirectory(deployments).pipe(orIfMissing<ReadonlyArray<string>>([]))
    const ids = names.flatMap((name) => (isId(name) ? [name] : []))
    const found = yield* Effect.forEach(ids, ofDeployment, { concurrency: 16 })
    return found.flat().filter(({ record }) => mayBeOf(record, deployer))
  })

// internal

const fileName = "revision.json"

const encode = Schema.encodeSync(Schema.parseJson(InstanceRecord, { space: 2 }))

const isId = Schema.is(DeploymentId)

const mayBeOf = (record: InstanceRecord | undefined, { flavor, name }: InstanceRecord["deployer"]): boolean =>
  record === undefined || (record.deployer.flavor === flavor && record.deployer.name === name)

const ofDeployment = (deploymentId: DeploymentId) =>
  Effect.gen(function* () {
    const generations = yield* generationsIn(yield* folders({ deploymentId, generation: 0 }))
    const own = yield* Effect.forEach(generations, (generation) => ofGeneration(deploymentId, generation))
    return [atHome(deploymentId, 0, undefined), ...own]
  })

const ofGeneration = (deploymentId: DeploymentId, generation: number) =>
  Effect.gen(function* () {
    const at = yield* folders({ deploymentId, generation })
    const record = yield* readJson(Path.join(at.generation, fileName), InstanceRecord)
    return atHome(deploymentId, generation, Option.getOrUndefined(record))
  })

const atHome = (deploymentId: DeploymentId, generation: number, record: InstanceRecord | undefined): Found => ({
  deploymentId,
  generation,
  registryId: record?.registryId,
  atHome: true,
  resource:
    generation === 0
      ? `folder of deployment ${deploymentId}`
      : `instance of deployment ${deploymentId}, generation ${generation}`,
  madeAt: undefined,
  record
})

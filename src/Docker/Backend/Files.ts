/**
 * The files of a deployment on the host: what its container is told, its secrets, and its data.
 *
 * @since 0.1.0
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance, ProvisionRequest } from "../../Deployer/Backend.js"
import { type Folders, folders, orIfMissing, readJson, writeSecrets, writeWhole } from "../../Deployer/InstanceFiles.js"
import { encodeManifest, manifestFor } from "../../Deployer/InstanceManifest.js"
import * as InstanceRecord from "../../Deployer/InstanceRecord.js"
import type { Home } from "../../Home.js"
import type { DockerSettings } from "../Settings.js"
import { inside } from "./Inside.js"
import { usableSecretsFolder } from "./SecretsFolder.js"
import { Site } from "./Site.js"

type Needs = Home | FileSystem.FileSystem | Site

/**
 * Paths of one generation and of what it shares with the others of its deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Paths extends Folders {
  /** What the container keeps, shared by all generations: the folder of the run store. */
  readonly data: string
  /** The folder with the manifest, which the container sees. */
  readonly told: string
  readonly manifest: string
  /** What we know about the container before it exists. */
  readonly record: string
  /** Where its secrets are if no memory can be used. */
  readonly secretsOnDisk: string
}

/**
 * The paths of an instance.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paths = (instance: Pick<Instance, "deploymentId" | "generation">): Effect.Effect<Paths, never, Home> =>
  Effect.map(folders(instance), (at) => ({
    ...at,
    data: Path.join(at.deployment, "data"),
    told: Path.join(at.generation, "told"),
    manifest: Path.join(at.generation, "told", "manifest.json"),
    record: Path.join(at.generation, "container.json"),
    secretsOnDisk: Path.join(at.generation, "secrets")
  }))

/**
 * What is written down before a container is made: the engine it is made in, and a digest of everything it is made of,
 * secrets included. It is for the owner's eyes only.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ContainerRecord = Schema.Struct({ engineId: Schema.String, fingerprint: Schema.String })

/**
 * @category models
 * @since 0.1.0
 */
export type ContainerRecord = typeof ContainerRecord.Type

/**
 * What was written down about an instance's container.
 *
 * @category reading
 * @since 0.1.0
 */
export const recordOf = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<Option.Option<ContainerRecord>, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths(instance), ({ record }) => readJson(record, ContainerRecord))

/**
 * Where what a container sees is on the host.
 *
 * @category models
 * @since 0.1.0
 */
export interface Prepared {
  readonly data: string
  readonly told: string
  /** None when there are no secrets. */
  readonly secrets: string | undefined
}

/**
 * Writes the files of an instance that is about to be made, for the user in its container.
 *
 * @category writing
 * @since 0.1.0
 */
export const writeFiles = (
  request: ProvisionRequest<DockerSettings>,
  record: ContainerRecord
): Effect.Effect<Prepared, PlatformError, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const at = yield* paths(request)
    yield* fs.makeDirectory(at.generation, { recursive: true, mode: 0o700 })
    yield* fs.chmod(at.deployment, 0o700)
    yield* writeWhole(at.record, encodeRecord(record), 0o600)
    yield* InstanceRecord.write(at.generation, request.record)
    yield* ownFolder(at.data, 0o700)
    yield* ownFolder(at.told, 0o700)
    yield* writeWhole(at.manifest, encodeManifest(manifestFor(request, place)), 0o400)
    yield* giveAway(at.manifest)
    return { data: at.data, told: at.told, secrets: yield* placeSecrets(request) }
  })

/**
 * Removes the files of a generation, its secrets first. The data stays.
 *
 * @category removing
 * @since 0.1.0
 */
export const removeFiles = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, PlatformError, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const at = yield* paths(instance)
    const { secretsFolders } = yield* Site
    for (const folder of secretsFolders) {
      yield* removeSecrets(secretsIn(folder, instance))
      yield* removeIfEmpty(Path.join(folder, instance.deploymentId))
    }
    yield* removeSecrets(at.secretsOnDisk)
    yield* fs.remove(at.generation, { recursive: true, force: true })
  })

/**
 * Removes everything of a deployment from the host.
 *
 * @category removing
 * @since 0.1.0
 */
export const removeAllFiles = (deployment: Pick<Instance, "deploymentId">): Effect.Effect<void, PlatformError, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const at = yield* folders({ ...deployment, generation: 0 })
    const { secretsFolders } = yield* Site
    for (const folder of secretsFolders) yield* removeSecrets(Path.join(folder, deployment.deploymentId))
    yield* fs.remove(at.deployment, { recursive: true, force: true })
  })

// internal

const encodeRecord = Schema.encodeSync(Schema.parseJson(ContainerRecord))

const place = {
  listen: { host: "0.0.0.0", port: inside.port, fallback: false },
  runStore: inside.runStore,
  endpointFile: inside.endpoint,
  secrets: inside.secrets
}

const secretsIn = (folder: string, { deploymentId, generation }: Pick<Instance, "deploymentId" | "generation">) =>
  Path.join(folder, deploymentId, `${generation}`)

/** Folders above it may be passed through and not listed; its own may be read by the user in the container only. */
const placeSecrets = (request: ProvisionRequest<DockerSettings>) =>
  Effect.gen(function* () {
    if (Object.keys(request.secrets).length === 0) return undefined
    const fs = yield* FileSystem.FileSystem
    const memory = yield* usableSecretsFolder
    const folder = Option.isSome(memory) ? secretsIn(memory.value, request) : (yield* paths(request)).secretsOnDisk
    yield* fs.makeDirectory(folder, { recursive: true, mode: Option.isSome(memory) ? 0o711 : 0o700 })
    yield* fs.chmod(folder, 0o700)
    yield* writeSecrets(folder, request.secrets)
    yield* Effect.forEach(Object.keys(request.secrets), (name) => giveAway(Path.join(folder, name)), { discard: true })
    yield* giveAway(folder)
    yield* fs.chmod(folder, 0o500)
    return folder
  })

const ownFolder = (folder: string, mode: number) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(folder, { recursive: true, mode })
    yield* fs.chmod(folder, mode)
    yield* giveAway(folder)
  })

const giveAway = (path: string) =>
  Effect.gen(function* () {
    const { givesAway, identity } = yield* Site
    const fs = yield* FileSystem.FileSystem
    if (givesAway) yield* fs.chown(path, identity.uid, identity.gid)
  })

/** What may not be written to cannot be emptied, except by root. */
const removeSecrets = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.chmod(folder, 0o700).pipe(orIfMissing<void>(undefined))
    yield* fs.remove(folder, { recursive: true, force: true })
  })

const removeIfEmpty = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const content = yield* fs.readDirectory(folder).pipe(orIfMissing<ReadonlyArray<string>>(["missing"]))
    if (content.length === 0) yield* fs.remove(folder, { recursive: true, force: true })
  })

/**
 * The files of a deployment in the home: what is written down about its containers, and what containers of this machine
 * see.
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { names } from "../../../Bundle/Names.js"
import type { Instance, ProvisionRequest } from "../../../Flavor/Backend.js"
import { type Folders, folders, readJson, writeWhole } from "../../../Flavor/InstanceFiles.js"
import { encodeManifest, manifestFor } from "../../../Flavor/InstanceManifest.js"
import * as InstanceRecord from "../../../Flavor/InstanceRecord.js"
import { Home } from "../../../Store/Home.js"
import type { DockerSettings } from "../../Settings.js"
import { inside } from "./ContainerPaths.js"

/** Paths of one generation and of what it shares with the others of its deployment. */
export interface Paths extends Folders {
  /** What the container keeps, shared by all generations: the folder of the run store. */
  readonly data: string
  /** The folder with the manifest, which the container sees. */
  readonly told: string
  readonly manifest: string
  /** What we know about the container before it exists. */
  readonly record: string
  /** What we know about the volume with the data, if that is in one. */
  readonly dataVolume: string
  /** Where its secrets are if no memory can be used. */
  readonly secretsOnDisk: string
}

/** The paths of an instance. */
export const paths = (instance: Pick<Instance, "deploymentId" | "generation">): Effect.Effect<Paths, never, Home> =>
  Effect.map(folders(instance), (at) => ({
    ...at,
    data: Path.join(at.deployment, "data"),
    told: Path.join(at.generation, "told"),
    manifest: Path.join(at.generation, "told", "manifest.json"),
    record: Path.join(at.generation, "container.json"),
    dataVolume: Path.join(at.deployment, "data-volume.json"),
    secretsOnDisk: Path.join(at.generation, "secrets")
  }))

/**
 * What is written down before a container is made: the engine it is made in, and a digest of everything it is made of,
 * secrets included. It is for the owner's eyes only.
 */
export const ContainerRecord = Schema.Struct({ engineId: Schema.String, fingerprint: Schema.String })

export type ContainerRecord = typeof ContainerRecord.Type

/** What was written down about an instance's container. */
export const recordOf = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<Option.Option<ContainerRecord>, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths(instance), ({ record }) => readJson(record, ContainerRecord))

/** What is written down before the data of a deployment gets a volume: the engine that has it. The data stays there. */
export const DataVolumeRecord = Schema.Struct({ engineId: Schema.String, volume: Schema.String })

export type DataVolumeRecord = typeof DataVolumeRecord.Type

/** The volume with the data of a deployment; none if that is in no volume. */
export const dataVolumeOf = ({
  deploymentId
}: Pick<Instance, "deploymentId">): Effect.Effect<
  Option.Option<DataVolumeRecord>,
  PlatformError,
  Home | FileSystem.FileSystem
> => Effect.flatMap(paths({ deploymentId, generation: 0 }), ({ dataVolume }) => readJson(dataVolume, DataVolumeRecord))

/** Writes down which engine has the data of a deployment. */
export const writeDataVolume = (
  { deploymentId }: Pick<Instance, "deploymentId">,
  record: DataVolumeRecord
): Effect.Effect<void, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths({ deploymentId, generation: 0 }), ({ dataVolume }) =>
    writeWhole(dataVolume, encodeDataVolume(record), 0o600)
  )

/** Writes down what an instance is made of that is about to be made. */
export const writeRecords = (
  request: ProvisionRequest<DockerSettings>,
  record: ContainerRecord
): Effect.Effect<void, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const at = yield* paths(request)
    yield* fs.makeDirectory(at.generation, { recursive: true, mode: 0o700 })
    yield* fs.chmod(at.deployment, 0o700)
    yield* writeWhole(at.record, encodeRecord(record), 0o600)
    yield* InstanceRecord.write(at.generation, request.record)
  })

/** The manifest of an instance, as text. */
export const manifestOf = (request: ProvisionRequest<DockerSettings>): string =>
  encodeManifest(manifestFor(request, place))

/** Removes what the home has of a generation. */
export const removeGeneration = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths(instance), ({ generation }) => removeFolder(generation))

/** Removes what the home has of a deployment. */
export const removeDeployment = ({
  deploymentId
}: Pick<Instance, "deploymentId">): Effect.Effect<void, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths({ deploymentId, generation: 0 }), ({ deployment }) => removeFolder(deployment))

/**
 * What V8 has made of the program on this machine, if it is here: a file for the folder of the manifest. A container with
 * another Node takes no notice of it.
 */
export const codeCacheOf = ({
  snapshot
}: Pick<ProvisionRequest<DockerSettings>, "snapshot">): Effect.Effect<
  Option.Option<{ readonly name: string; readonly content: Uint8Array }>,
  never,
  Home | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { bundles } = yield* Home
    const content = yield* fs.readFile(Path.join(bundles, snapshot.bundle.digest, names.codeCache))
    return { name: names.codeCache, content }
  }).pipe(Effect.option)

// internal

const encodeRecord = Schema.encodeSync(Schema.parseJson(ContainerRecord))
const encodeDataVolume = Schema.encodeSync(Schema.parseJson(DataVolumeRecord))

const place = {
  listen: { host: "0.0.0.0", port: inside.port, fallback: false },
  runStore: inside.runStore,
  endpointFile: inside.endpoint,
  secrets: inside.secrets
}

const removeFolder = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(folder, { recursive: true, force: true }))

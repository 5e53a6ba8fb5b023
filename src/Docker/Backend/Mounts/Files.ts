/** The files of a deployment: the records in the home, and the configuration that its containers see. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { names } from "../../../Bundle/Names.js"
import { relaySocketName, stateName } from "../../../Contract/Door.js"
import { encodeKeysFile } from "../../../Contract/Keys.js"
import type { Instance } from "../../../Flavor/Instance.js"
import { type Folders, folders, readJson, writeWhole } from "../../../Flavor/InstanceFiles.js"
import { encodeManifest, manifestFor } from "../../../Flavor/InstanceManifest.js"
import * as InstanceRecord from "../../../Flavor/InstanceRecord.js"
import { Home } from "../../../Store/Home.js"
import type { Request } from "../ServiceContainer.js"
import { inside } from "./ContainerPaths.js"

/** The paths of one generation, and of the files that all generations of its deployment share. */
export interface Paths extends Folders {
  /** The folder of the run store, shared by all generations. */
  readonly data: string
  /** The folder with the manifest, which the container sees. */
  readonly config: string
  /** The record of the container, written before the container exists. */
  readonly record: string
  /** The record of the volume with the data, if there is one. */
  readonly dataVolume: string
  /** The folder of the secrets if there is no memory for them. */
  readonly secretsOnDisk: string
}

/** The paths of an instance. */
export const paths = (instance: Pick<Instance, "deploymentId" | "generation">): Effect.Effect<Paths, never, Home> =>
  Effect.map(folders(instance), (at) => ({
    ...at,
    data: Path.join(at.deployment, "data"),
    config: Path.join(at.generation, "config"),
    record: Path.join(at.generation, "container.json"),
    dataVolume: Path.join(at.deployment, "data-volume.json"),
    secretsOnDisk: Path.join(at.generation, "secrets")
  }))

/** The record of a container: its engine, and a digest of its request, secrets included. For the owner only. */
export const ContainerRecord = Schema.Struct({ engineId: Schema.String, fingerprint: Schema.String })

export type ContainerRecord = typeof ContainerRecord.Type

/** Reads the record of an instance's container. */
export const recordOf = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<Option.Option<ContainerRecord>, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths(instance), ({ record }) => readJson(record, ContainerRecord))

/** Writes the records of an instance, before anything of it exists. */
export const writeRecords = (
  request: Pick<Request, "deploymentId" | "generation" | "record">,
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

/** The record of the volume with the data of a deployment: the engine that has it. The data stays in that engine. */
export const DataVolumeRecord = Schema.Struct({ engineId: Schema.String, volume: Schema.String })

export type DataVolumeRecord = typeof DataVolumeRecord.Type

/** Reads the record of the volume with the data; none if the data is in no volume. */
export const dataVolumeOf = ({
  deploymentId
}: Pick<Instance, "deploymentId">): Effect.Effect<
  Option.Option<DataVolumeRecord>,
  PlatformError,
  Home | FileSystem.FileSystem
> => Effect.flatMap(paths({ deploymentId, generation: 0 }), ({ dataVolume }) => readJson(dataVolume, DataVolumeRecord))

/** Writes the record of the volume with the data, before the volume exists. */
export const writeDataVolume = (
  { deploymentId }: Pick<Instance, "deploymentId">,
  record: DataVolumeRecord
): Effect.Effect<void, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths({ deploymentId, generation: 0 }), ({ dataVolume }) =>
    writeWhole(dataVolume, encodeDataVolume(record), 0o600)
  )

/** A file of the folder that a container sees at {@link inside.config}. */
export interface ConfigFile {
  readonly name: string
  readonly content: string | Uint8Array
}

/**
 * The manifest of an instance, and the V8 code cache of its bundle if this machine has one. A container with another Node
 * ignores that.
 */
export const configFiles = (
  request: Request
): Effect.Effect<ReadonlyArray<ConfigFile>, never, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { bundles } = yield* Home
    const manifest = {
      name: Path.basename(inside.manifest),
      content: encodeManifest(manifestFor(request, placeOf(request)))
    }
    const keys = request.keys === undefined ? [] : [{ name: keysName, content: encodeKeysFile(request.keys) }]
    return yield* fs.readFile(Path.join(bundles, request.snapshot.bundle.digest, names.codeCache)).pipe(
      Effect.map((content) => [manifest, ...keys, { name: names.codeCache, content }]),
      Effect.orElseSucceed(() => [manifest, ...keys])
    )
  })

/** The name of the file with the live keys. */
export const keysName = Path.basename(inside.keys)

// internal

const encodeRecord = Schema.encodeSync(Schema.parseJson(ContainerRecord))
const encodeDataVolume = Schema.encodeSync(Schema.parseJson(DataVolumeRecord))

const placeOf = ({ generation, settings }: Request) => (settings.door ? { ...place, door: doorFor(generation) } : place)

/** An instance behind a door listens at the same address as one without. */
const doorFor = (generation: number) => ({
  file: `${inside.door}/${stateName}`,
  socket: `${inside.door}/${relaySocketName(generation)}`,
  host: anyAddress
})

const anyAddress = "0.0.0.0"

const place = {
  listen: { host: anyAddress, port: inside.port, fallback: false },
  runStore: inside.runStore,
  endpointFile: inside.endpoint,
  keysFile: inside.keys,
  intakeFile: inside.intake,
  secrets: inside.secrets
}

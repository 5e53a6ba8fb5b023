/** A service as a process of this machine: its files, its command line, and the endpoint it reports. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Contents from "../Bundle/Contents.js"
import { names } from "../Bundle/Names.js"
import { Endpoint, type Manifest } from "../Contract/Manifest.js"
import { DeploymentProvisionFailed } from "../Errors/Lifecycle.js"
import type * as Settings from "../Settings.js"
import type { Snapshot } from "../Snapshot/Model.js"
import { Home } from "../Store/Home.js"
import type { Instance, ProvisionRequest } from "./Instance.js"
import { orIfMissing, type Paths, paths, readJson, writeSecrets, writeWhole } from "./InstanceFiles.js"
import * as InstanceIntake from "./InstanceIntake.js"
import * as InstanceKeys from "./InstanceKeys.js"
import { encodeManifest, manifestFor } from "./InstanceManifest.js"
import * as InstanceRecord from "./InstanceRecord.js"
import { portOf } from "./Ports.js"

/**
 * Writes the files that a service reads: record, secrets, manifest, and the first line of its log. All are readable by their
 * owner only.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepare = (
  request: ProvisionRequest<Settings.Deployment>,
  place: Pick<Manifest, "listen" | "door"> & { readonly log?: Omit<NonNullable<Manifest["log"]>, "file"> | undefined }
): Effect.Effect<Paths, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const at = yield* paths(request)
    yield* fs.makeDirectory(at.generation, { recursive: true, mode: 0o700 })
    yield* fs.chmod(at.deployment, 0o700)
    yield* InstanceRecord.write(at.generation, request.record)
    if (Object.keys(request.secrets).length > 0) {
      yield* fs.makeDirectory(at.secrets, { mode: 0o700 })
      yield* writeSecrets(at.secrets, request.secrets)
    }
    yield* InstanceKeys.write(at.keys, request.keys)
    yield* InstanceIntake.write(InstanceIntake.pathBeside(at.runStore), request.intake)
    const manifest = manifestFor(request, {
      listen: place.listen,
      runStore: at.runStore,
      keysFile: at.keys,
      intakeFile: InstanceIntake.pathBeside(at.runStore),
      endpointFile: at.endpoint,
      secrets: at.secrets,
      ...(place.door === undefined ? {} : { door: place.door }),
      ...(place.log === undefined ? {} : { log: { file: at.log, ...place.log } })
    })
    yield* writeWhole(at.manifest, encodeManifest(manifest), 0o400)
    yield* markStart(at.log, request)
    return at
  })

/**
 * The arguments of Node that run a service: options, its program and its manifest. Fails if its bundle is not in the home.
 *
 * @category accessors
 * @since 0.1.0
 */
export const nodeArguments = (
  request: ProvisionRequest<Settings.Deployment>
): Effect.Effect<
  readonly [string, ...ReadonlyArray<string>],
  DeploymentProvisionFailed | PlatformError,
  Home | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const { bundles } = yield* Home
    const fs = yield* FileSystem.FileSystem
    const bundle = Path.join(bundles, request.snapshot.bundle.digest)
    for (const program of [Path.join(bundle, names.start), Path.join(bundle, names.main)]) {
      if (!(yield* fs.exists(program))) continue
      const [first = program, ...rest] = [...Contents.nodeArguments(yield* Contents.read(bundle), bundle), program]
      return [first, ...rest, ...serveArguments(yield* paths(request))] as const
    }
    return yield* new DeploymentProvisionFailed({
      name: request.name,
      reason: `the bundle of snapshot ${request.snapshot.label} is not on this machine (${bundle}); deploy from the file again`,
      logs: []
    })
  })

/**
 * The working directory of a service: the project's folder among the files that travel with its bundle.
 *
 * @category accessors
 * @since 0.2.0
 */
export const workingDirectory = (
  request: Pick<ProvisionRequest<Settings.Deployment>, "snapshot">
): Effect.Effect<string, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { bundles } = yield* Home
    const bundle = Path.join(bundles, request.snapshot.bundle.digest)
    return Path.join(bundle, (yield* Contents.read(bundle)).workingDirectory)
  })

/**
 * The arguments behind the program of a service. No other process on this machine has them.
 *
 * @category accessors
 * @since 0.1.0
 */
export const serveArguments = (at: Pick<Paths, "manifest">): ReadonlyArray<string> => ["serve", at.manifest]

/**
 * The endpoint that an instance has reported, if it listens or stands by.
 *
 * @category accessors
 * @since 0.1.0
 */
export const endpointOf = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<Option.Option<Endpoint>, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths(instance), ({ endpoint }) => readJson(endpoint, Endpoint)).pipe(
    Effect.map(Option.filter(({ generation }) => generation === instance.generation))
  )

/**
 * An address for the manifest: the port of the previous instance if it is free, else any.
 *
 * @category accessors
 * @since 0.1.0
 */
export const listenOn = (
  host: string,
  { previous }: Pick<ProvisionRequest<Settings.Deployment>, "previous">
): Manifest["listen"] => {
  const kept = portOf(previous)
  return { host, ...(kept === undefined ? {} : { port: kept }), fallback: true }
}

/**
 * Appends a JSON line with the generation that starts: the lines behind it are of that generation, or of one that drains. The
 * log is created with mode 0600 if it does not exist.
 */
const markStart = (
  file: string,
  request: Instance & { readonly snapshot: Snapshot }
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const line = JSON.stringify({
      timestamp: DateTime.formatIso(yield* DateTime.now),
      level: "INFO",
      message: `Starting generation ${request.generation} with ${request.snapshot.label}`,
      deployment: request.name,
      generation: request.generation
    })
    const separator = (yield* endsInsideLine(file)) ? "\n" : ""
    yield* fs.writeFileString(file, `${separator}${line}\n`, { flag: "a", mode: 0o600 })
  })

const newline = 10

const endsInsideLine = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { size } = yield* fs.stat(file)
    if (size === 0n) return false
    const log = yield* fs.open(file, { flag: "r" })
    yield* log.seek(size - 1n, "start")
    const last = yield* log.readAlloc(1)
    return Option.isSome(last) && last.value[0] !== newline
  }).pipe(Effect.scoped, orIfMissing(false))

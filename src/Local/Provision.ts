/** Starts an instance: its files, then its process. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { names } from "../Bundle/Names.js"
import type { Manifest } from "../Contract/Manifest.js"
import { OperationalState } from "../Deployment.js"
import { DeploymentProvisionFailed, PortUnavailable } from "../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../Flavor/Backend.js"
import { fingerprint } from "../Flavor/Fingerprint.js"
import { readJson, removeGeneration, writeSecrets, writeWhole } from "../Flavor/InstanceFiles.js"
import { encodeManifest, manifestFor } from "../Flavor/InstanceManifest.js"
import * as InstanceRecord from "../Flavor/InstanceRecord.js"
import { Ports } from "../Flavor/Ports.js"
import { Home } from "../Store/Home.js"
import { Children } from "./Children.js"
import { environmentFor } from "./Environment.js"
import { type Paths, ProcessRecord, paths } from "./Layout.js"
import { markStart } from "./LogWriter.js"
import * as Metadata from "./Metadata.js"
import { processesOf, refOf, serveArguments } from "./Observe.js"
import type { ProcessSpawnFailed, ProcessTableUnavailable } from "./ProcessErrors.js"
import { Processes, type Spawned } from "./Processes.js"
import type { LocalSettings } from "./Settings.js"
import { isAlive, type StopError, stop } from "./Stop.js"

type Request = ProvisionRequest<LocalSettings>
type Needs = Home | FileSystem.FileSystem | Processes | Ports | Children

/** The failures of a start. */
export type StartError =
  | DeploymentProvisionFailed
  | PortUnavailable
  | ProcessSpawnFailed
  | ProcessTableUnavailable
  | StopError
  | PlatformError

/**
 * Starts an instance, or adopts the process that an interrupted start of the same request left. A failed start leaves
 * nothing.
 *
 * @param node the Node program that runs bundles
 */
export const start = (node: string, request: Request): Effect.Effect<OperationalState, StartError, Needs> =>
  Effect.gen(function* () {
    const at = yield* paths(request)
    const adopted = yield* adopt(at, request)
    if (Option.isSome(adopted)) return pending(adopted.value)
    yield* discardLeftovers(request)
    const program = yield* bundleProgram(request)
    yield* checkPort(request)
    return yield* Effect.onError(
      Effect.flatMap(prepare(at, request), () => launch(node, program, at, request)),
      () => Effect.ignore(Effect.catchTag(discardLeftovers(request), "SystemError", () => removeGeneration(at)))
    )
  })

const adopt = (at: Paths, request: Request) =>
  Effect.gen(function* () {
    const recorded = yield* readJson(at.process, ProcessRecord)
    if (Option.isNone(recorded)) return Option.none<Metadata.Metadata>()
    const { fingerprint: recordedFingerprint, ...metadata } = recorded.value
    if (recordedFingerprint !== fingerprint(request)) return Option.none<Metadata.Metadata>()
    return (yield* isAlive(refOf(metadata)))
      ? Option.some<Metadata.Metadata>(metadata)
      : Option.none<Metadata.Metadata>()
  })

const discardLeftovers = (request: Request) =>
  Effect.gen(function* () {
    const leftovers = yield* processesOf(request, {})
    yield* Effect.forEach(leftovers, (leftover) => stop(leftover, leftoverGrace), {
      concurrency: "unbounded",
      discard: true
    })
    yield* removeGeneration(yield* paths(request))
  })

// It never served a request, so there is nothing to wait for.
const leftoverGrace = "2 seconds"

const bundleProgram = (request: Request) =>
  Effect.gen(function* () {
    const home = yield* Home
    const fs = yield* FileSystem.FileSystem
    const bundle = Path.join(home.bundles, request.snapshot.bundle.digest)
    const start = Path.join(bundle, names.start)
    if (yield* fs.exists(start)) return start
    const program = Path.join(bundle, names.main)
    if (yield* fs.exists(program)) return program
    return yield* new DeploymentProvisionFailed({
      name: request.name,
      reason: `the bundle of snapshot ${request.snapshot.label} is not on this machine (${program}); deploy from the file again`,
      logs: []
    })
  })

/** An instance that stands by expects its port to be taken by the old one. */
const checkPort = ({ name, settings, standby = false }: Request) =>
  Effect.gen(function* () {
    const { probe } = yield* Ports
    const verdict = yield* probe(settings.host, standby ? 0 : (settings.port ?? 0))
    if (verdict === "taken" && settings.port !== undefined) {
      return yield* new PortUnavailable({ name, port: settings.port })
    }
    if (verdict === "unknownHost") {
      return yield* new DeploymentProvisionFailed({
        name,
        reason: `the setting host "${settings.host}" is not an address of this machine; use "127.0.0.1" or another one of its addresses`,
        logs: []
      })
    }
  })

const prepare = (at: Paths, request: Request) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(at.generation, { recursive: true, mode: 0o700 })
    yield* fs.chmod(at.deployment, 0o700)
    yield* InstanceRecord.write(at.generation, request.record)
    yield* secretFiles(at, request)
    yield* writeWhole(at.manifest, encodeManifest(manifestFor(request, placeOf(at, request))), 0o400)
    yield* markStart(at.log, request)
  })

const secretFiles = (at: Paths, { secrets }: Request) =>
  Effect.gen(function* () {
    if (Object.keys(secrets).length === 0) return
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(at.secrets, { mode: 0o700 })
    yield* writeSecrets(at.secrets, secrets)
  })

const placeOf = (at: Paths, request: Request) => ({
  listen: listenFor(request),
  runStore: at.runStore,
  endpointFile: at.endpoint,
  log: { file: at.log, maxBytes: request.settings.logMaxBytes, keep: request.settings.logKeep },
  secrets: at.secrets
})

const listenFor = ({ previous, settings, standby }: Request): Manifest["listen"] => {
  if (settings.port !== undefined) {
    const standbyMillis = standby === true ? { standbyMillis: settings.timeoutMillis } : {}
    return { host: settings.host, port: settings.port, fallback: false, ...standbyMillis }
  }
  const kept = Metadata.portOf(previous)
  return { host: settings.host, ...(kept === undefined ? {} : { port: kept }), fallback: true }
}

const launch = (node: string, program: string, at: Paths, request: Request) =>
  Effect.gen(function* () {
    const { spawnDetached } = yield* Processes
    const env = yield* environmentFor(request.settings, request.secrets)
    const args = [...nodeArguments(request.settings), program, ...serveArguments(at)]
    const child = yield* spawnDetached({ command: node, args, env, cwd: at.deployment, logFile: at.log })
    return pending(yield* record(at, request, child))
  }).pipe(Effect.uninterruptible)

const nodeArguments = ({ nodeArguments: chosen }: LocalSettings): ReadonlyArray<string> =>
  chosen?.maxOldSpaceMb === undefined ? [] : [`--max-old-space-size=${chosen.maxOldSpaceMb}`]

const record = (at: Paths, request: Request, child: Spawned) =>
  Effect.gen(function* () {
    const { remember } = yield* Children
    yield* remember(child)
    const metadata: Metadata.Metadata = {
      pid: child.pid,
      processIdentity: child.identity,
      ...(request.settings.port === undefined ? {} : { port: request.settings.port }),
      host: request.settings.host,
      logFile: at.log,
      generation: request.generation,
      startedAt: yield* DateTime.now
    }
    yield* writeWhole(at.process, encodeRecord({ ...metadata, fingerprint: fingerprint(request) }), 0o600)
    return metadata
  }).pipe(Effect.tapErrorCause(() => Effect.ignore(stop(child, 0))))

const encodeRecord = Schema.encodeSync(Schema.parseJson(ProcessRecord))

const pending = (metadata: Metadata.Metadata): OperationalState =>
  new OperationalState({
    status: "pending",
    metadata: Metadata.encode(metadata),
    reason: "its process was started and is not known to be healthy yet"
  })

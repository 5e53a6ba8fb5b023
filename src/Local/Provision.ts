/** Starts an instance: its files, then its process. */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Manifest } from "../Contract/Manifest.js"
import { OperationalState } from "../Deployment.js"
import { DeploymentProvisionFailed, PortUnavailable } from "../Errors/Lifecycle.js"
import { environmentFor } from "../Flavor/Environment.js"
import { fingerprint } from "../Flavor/Fingerprint.js"
import type { ProvisionRequest } from "../Flavor/Instance.js"
import { type Paths, paths, readJson, removeGeneration, writeWhole } from "../Flavor/InstanceFiles.js"
import * as InstanceIntake from "../Flavor/InstanceIntake.js"
import * as InstanceKeys from "../Flavor/InstanceKeys.js"
import { Ports } from "../Flavor/Ports.js"
import { listenOn, nodeArguments, prepare, workingDirectory } from "../Flavor/ServiceProcess.js"
import { isLoopback } from "../Internal/Loopback.js"
import { bytesOf, heapMegabytes } from "../Settings/Size.js"
import { workersOf } from "../Settings.js"
import type { Home } from "../Store/Home.js"
import { type Door, doorFor, manifestPart, spawnAt } from "./Door.js"
import * as Metadata from "./Metadata.js"
import { ProcessRecord, processesOf, processFile, refOf } from "./Observe.js"
import type { ProcessSpawnFailed, ProcessTableUnavailable } from "./ProcessErrors.js"
import { Processes, type Spawned } from "./Processes.js"
import { Children } from "./ProcessSpawn.js"
import type { LocalSettings } from "./Settings.js"
import type { SocketRefused, Sockets } from "./Sockets.js"
import { isAlive, type StopError, stop } from "./Stop.js"

type Request = ProvisionRequest<LocalSettings>
type Needs = Home | FileSystem.FileSystem | Processes | Ports | Sockets | Children

/** The failures of a start. */
export type StartError =
  | DeploymentProvisionFailed
  | PortUnavailable
  | ProcessSpawnFailed
  | ProcessTableUnavailable
  | SocketRefused
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
    if (Option.isSome(adopted)) {
      yield* InstanceKeys.write(at.keys, request.keys)
      yield* InstanceIntake.write(InstanceIntake.pathBeside(at.runStore), request.intake)
      return pending(adopted.value)
    }
    yield* discardLeftovers(request)
    const service = yield* nodeArguments(request)
    const door = yield* doorFor(request)
    yield* checkPort(request, door)
    yield* warnIfOpen(request)
    return yield* Effect.onError(
      Effect.flatMap(prepare(request, placeOf(request, door)), () => launch(node, service, at, request, door)),
      () => Effect.ignore(Effect.catchTag(discardLeftovers(request), "SystemError", () => removeGeneration(at)))
    )
  })

const adopt = (at: Paths, request: Request) =>
  Effect.gen(function* () {
    const recorded = yield* readJson(processFile(at), ProcessRecord)
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

/** The port may be taken by the door of the deployment, or by the old instance of one that stands by. */
const checkPort = ({ name, settings, standby = false }: Request, door: Option.Option<Door>) =>
  Effect.gen(function* () {
    const { probe } = yield* Ports
    const isOurs = standby || Option.exists(door, ({ port }) => port !== undefined)
    const verdict = yield* probe(settings.address, isOurs ? 0 : (settings.port ?? 0))
    if (verdict === "taken" && settings.port !== undefined) {
      return yield* new PortUnavailable({ name, port: settings.port })
    }
    if (verdict === "unknownHost") {
      return yield* new DeploymentProvisionFailed({
        name,
        reason: `the setting address "${settings.address}" is not an address of this machine; use "127.0.0.1" or an address of this machine`,
        logs: []
      })
    }
  })

const warnIfOpen = ({ keys, name, settings: { address } }: Request) =>
  isLoopback(address) || keys !== undefined
    ? Effect.void
    : Effect.logWarning(
        `Deployment "${name}" listens on ${address} without a key: every machine that reaches this one can run the pipeline. Use --auth generate, or --address 127.0.0.1.`
      )

/** Behind a door an instance has an address of its own, which only the deployer uses. */
const placeOf = (request: Request, door: Option.Option<Door>) => ({
  ...Option.match(door, {
    onNone: () => ({ listen: listenFor(request) }),
    onSome: (door) => ({ listen: { host: "127.0.0.1", fallback: true }, door: manifestPart(door) })
  }),
  log: { maxBytes: request.settings.logMaxBytes, keep: request.settings.logKeep }
})

const listenFor = (request: Request): Manifest["listen"] => {
  const { settings, standby } = request
  if (settings.port === undefined) return listenOn(settings.address, request)
  const standbyMillis = standby === true ? { standbyMillis: settings.timeoutMillis } : {}
  return { host: settings.address, port: settings.port, fallback: false, ...standbyMillis }
}

const launch = (node: string, service: ReadonlyArray<string>, at: Paths, request: Request, door: Option.Option<Door>) =>
  Effect.gen(function* () {
    const { spawnDetached } = yield* Processes
    const env = yield* environmentFor(request)
    const args = [...heapArguments(request.settings), ...service]
    const cwd = yield* workingDirectory(request)
    const command = { command: node, args, env, cwd, logFile: at.log }
    if (Option.isNone(door)) {
      return pending(yield* record(at, request, yield* spawnDetached(command), { port: request.settings.port }))
    }
    const { child, port } = yield* Effect.catchTag(spawnAt(door.value, request, command), "SocketRefused", (refused) =>
      Effect.fail(
        refused.code === "EADDRINUSE" ? new PortUnavailable({ name: request.name, port: refused.port }) : refused
      )
    )
    return pending(yield* record(at, request, child, { port, door: true }))
  }).pipe(Effect.uninterruptible)

const heapArguments = ({ memory, nodeArguments: chosen, serving }: LocalSettings): ReadonlyArray<string> => {
  const megabytes =
    chosen?.maxOldSpaceMb ?? (memory === undefined ? undefined : heapMegabytes(bytesOf(memory), workersOf(serving)))
  return megabytes === undefined ? [] : [`--max-old-space-size=${megabytes}`]
}

const record = (at: Paths, request: Request, child: Spawned, url: Pick<Metadata.Metadata, "port" | "door">) =>
  Effect.gen(function* () {
    const { remember } = yield* Children
    yield* remember(child)
    const metadata: Metadata.Metadata = {
      pid: child.pid,
      processIdentity: child.identity,
      ...(url.port === undefined ? {} : { port: url.port }),
      ...(url.door === undefined ? {} : { door: url.door }),
      host: request.settings.address,
      logFile: at.log,
      generation: request.generation,
      startedAt: yield* DateTime.now
    }
    yield* writeWhole(processFile(at), encodeRecord({ ...metadata, fingerprint: fingerprint(request) }), 0o600)
    return metadata
  }).pipe(Effect.tapErrorCause(() => Effect.ignore(stop(child, 0))))

const encodeRecord = Schema.encodeSync(Schema.parseJson(ProcessRecord))

const pending = (metadata: Metadata.Metadata): OperationalState =>
  new OperationalState({
    status: "pending",
    metadata: Metadata.encode(metadata),
    reason: "its process was started and is not known to be healthy yet"
  })

/**
 * The door of a local deployment: a process that owns the listening socket of its URL and starts its instances, which
 * inherit the socket. A deployment has a folder for each door; more than one while its address changes.
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { DoorState, socketNumber } from "../Contract/Door.js"
import { Manifest } from "../Contract/Manifest.js"
import type { DeploymentId } from "../Deployment.js"
import { program } from "../Door/Packed.js"
import { inherited } from "../Flavor/Environment.js"
import type { Instance, ProvisionRequest } from "../Flavor/Instance.js"
import { folders, orIfMissing, paths, readJson, writeWhole } from "../Flavor/InstanceFiles.js"
import { portOf } from "../Flavor/Ports.js"
import { timeoutFail } from "../Internal/Deadline.js"
import type { Home } from "../Store/Home.js"
import { ProcessSpawnFailed, type ProcessTableUnavailable } from "./ProcessErrors.js"
import { Processes, type SpawnCommand, type Spawned } from "./Processes.js"
import type { LocalSettings } from "./Settings.js"
import { type SocketRefused, Sockets } from "./Sockets.js"
import { type StopError, stop } from "./Stop.js"

/** The record of a door's address. Its process is the one that has its folder as argument: an instance may start it again. */
const DoorRecord = Schema.Struct({ host: Schema.String, port: Schema.Int })

/** The door of an instance: one that exists, or one that is opened with the instance. */
export interface Door {
  readonly folder: string
  readonly host: string
  /** The port of a door that exists. */
  readonly port: number | undefined
}

type Needs = Home | FileSystem.FileSystem | Processes
type Request = Pick<ProvisionRequest<LocalSettings>, "deploymentId" | "generation" | "previous" | "settings">

/** The door for a requested instance; none where processes cannot inherit sockets. */
export const doorFor = (
  request: Request
): Effect.Effect<Option.Option<Door>, PlatformError | ProcessTableUnavailable | StopError, Needs | Sockets> =>
  Effect.gen(function* () {
    if (Option.isNone((yield* Sockets).listen)) return Option.none()
    const { address: host, port } = request.settings
    const doors = yield* livingDoors(request.deploymentId)
    const fitting = doors.filter((door) => door.host === host && (port === undefined || door.port === port))
    const last = portOf(request.previous)
    const door = fitting.find((one) => one.port === last) ?? fitting[0]
    if (door !== undefined) return Option.some(door)
    // A door that has the fixed port at another address is in the way. The instance behind it has stopped before.
    const inTheWay = doors.filter((one) => one.port === port)
    yield* Effect.forEach(inTheWay, ({ folder }) => remove(folder), { discard: true })
    const folder = Path.join(yield* doorsFolder(request.deploymentId), `${request.generation}`)
    return Option.some({ folder, host, port: undefined })
  })

/** The part of a manifest that leads an instance to its door. */
export const manifestPart = ({ folder, host }: Door): NonNullable<Manifest["door"]> => ({
  file: stateFile(folder),
  socket: socketNumber,
  host
})

/** Starts an instance that inherits the socket of a door, opens the door if it is new, and returns the port of the URL. */
export const spawnAt = (
  door: Door,
  request: Request,
  command: SpawnCommand
): Effect.Effect<
  { readonly child: Spawned; readonly port: number },
  ProcessSpawnFailed | SocketRefused | PlatformError | StopError,
  Needs | Sockets
> =>
  door.port === undefined
    ? Effect.scoped(open(door, request, command))
    : Effect.map(spawnThrough(door.folder, command), (child) => ({ child, port: door.port ?? 0 }))

/** Lets an instance accept the connections of its door. One step: the instance before leaves when it sees it. */
export const lead = (instance: Instance): Effect.Effect<void, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(doorFileOf(instance), (file) =>
    file === undefined ? Effect.void : writeWhole(file, encodeState({ generation: instance.generation }), 0o600)
  )

/**
 * Closes the doors of a deployment for good.
 *
 * @param endInstances - runs between: an instance that was just starting a dead door again has done so when it has ended
 */
export const closeAround =
  (deploymentId: DeploymentId) =>
  <E, R>(endInstances: Effect.Effect<void, E, R>): Effect.Effect<void, E | PlatformError | StopError, R | Needs> =>
    Effect.gen(function* () {
      const folders = yield* doorFolders(deploymentId)
      yield* Effect.forEach(folders, remove, { discard: true })
      yield* endInstances
      yield* Effect.forEach(folders, remove, { discard: true })
    })

/** Closes the doors of a deployment, except that of a generation. */
export const close = (
  deploymentId: DeploymentId,
  keep?: number
): Effect.Effect<void, PlatformError | StopError, Needs> =>
  Effect.gen(function* () {
    const file = keep === undefined ? undefined : yield* doorFileOf({ deploymentId, generation: keep })
    for (const folder of yield* doorFolders(deploymentId)) {
      if (file !== undefined && stateFile(folder) === file) continue
      yield* remove(folder)
    }
  })

// internal

const stateFile = (folder: string): string => Path.join(folder, "state.json")
const recordFile = (folder: string): string => Path.join(folder, "door.json")
const processFile = (folder: string): string => Path.join(folder, "process.json")
const startsFolder = (folder: string): string => Path.join(folder, "starts")
const exitsFolder = (folder: string): string => Path.join(folder, "exits")

const encodeState = Schema.encodeSync(Schema.parseJson(DoorState))
const encodeRecord = Schema.encodeSync(Schema.parseJson(DoorRecord))

const doorsFolder = (deploymentId: DeploymentId) =>
  Effect.map(folders({ deploymentId, generation: 0 }), ({ deployment }) => Path.join(deployment, "doors"))

const doorFolders = (deploymentId: DeploymentId) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const all = yield* doorsFolder(deploymentId)
    const names = yield* fs.readDirectory(all).pipe(orIfMissing<ReadonlyArray<string>>([]))
    return names.map((name) => Path.join(all, name))
  })

const livingDoors = (deploymentId: DeploymentId) =>
  Effect.gen(function* () {
    const found = yield* Effect.forEach(yield* doorFolders(deploymentId), (folder) =>
      Effect.gen(function* () {
        const record = yield* readJson(recordFile(folder), DoorRecord)
        if (Option.isNone(record) || (yield* processesOf(folder)).length === 0) return []
        return [{ folder, ...record.value }]
      })
    )
    return found.flat()
  })

/** Ends a door. An instance that finds no record of its process does not start it again. */
const remove = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove(processFile(folder), { force: true })
    yield* Effect.forEach(yield* processesOf(folder), (door) => stop(door, "2 seconds"), { discard: true })
    yield* fs.remove(folder, { recursive: true, force: true })
  })

const processesOf = (folder: string) => Effect.flatMap(Processes, ({ find }) => find(programArguments(folder)))

const doorFileOf = (instance: Pick<Instance, "deploymentId" | "generation">) =>
  Effect.map(
    Effect.flatMap(paths(instance), ({ manifest }) => readJson(manifest, Manifest)),
    (manifest) => Option.getOrUndefined(manifest)?.door?.file
  )

/** Listens, starts the instance and the door, and leaves the socket to them. */
const open = ({ folder, host }: Door, request: Request, command: SpawnCommand) =>
  Effect.gen(function* () {
    const { spawnDetached } = yield* Processes
    const { descriptor: socket, port } = yield* listen(host, request)
    yield* makeFolder(folder)
    const child = yield* spawnDetached({ ...command, socket })
    const door = yield* Effect.tapErrorCause(spawnDetached(doorCommand(command, folder, socket)), () =>
      Effect.ignore(stop(child, 0))
    )
    yield* Effect.tapErrorCause(writeWhole(recordFile(folder), encodeRecord({ host, port }), 0o600), () =>
      Effect.ignore(Effect.zipRight(stop(child, 0), stop(door, 0)))
    )
    return { child, port }
  })

/** The fixed port, else the port of the last instance if it is free, else any. */
const listen = (host: string, { previous, settings }: Request) =>
  Effect.flatMap(Sockets, ({ listen }) => {
    if (Option.isNone(listen)) return Effect.dieMessage("A door was planned where processes cannot inherit sockets.")
    if (settings.port !== undefined) return listen.value(host, settings.port)
    const kept = portOf(previous)
    const any = listen.value(host, 0)
    return kept === undefined
      ? any
      : Effect.catchIf(
          listen.value(host, kept),
          ({ code }) => code === "EADDRINUSE",
          () => any
        )
  })

const programFile = (folder: string): string => Path.join(folder, "main.mjs")

/** No other process on this machine has them. */
const programArguments = (folder: string): ReadonlyArray<string> => [programFile(folder), folder]

const makeFolder = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove(folder, { recursive: true, force: true })
    yield* fs.makeDirectory(startsFolder(folder), { recursive: true, mode: 0o700 })
    yield* fs.makeDirectory(exitsFolder(folder), { mode: 0o700 })
    yield* fs.writeFileString(programFile(folder), program, { mode: 0o600 })
  })

const doorCommand = ({ command, env }: SpawnCommand, folder: string, socket: number): SpawnCommand => ({
  command,
  args: programArguments(folder),
  env: Object.fromEntries(inherited.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  cwd: Path.parse(folder).root,
  logFile: Path.join(folder, "door.log"),
  socket
})

/** Asks a door to start a program, which is then a child of the door. */
const spawnThrough = (folder: string, command: SpawnCommand) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { identify } = yield* Processes
    const name = Path.join(startsFolder(folder), yield* Effect.sync(() => crypto.randomUUID()))
    const answered = `${name}.answer`
    yield* writeWhole(`${name}.start`, JSON.stringify(command), 0o600)
    const answer = yield* untilSome(readJson(answered, StartAnswer), answerSchedule).pipe(
      // The region around it is uninterruptible, and a frozen door never answers.
      timeoutFail({ duration: "20 seconds", onTimeout: () => silent(command) }),
      Effect.ensuring(Effect.ignore(fs.remove(`${name}.start`, { force: true }))),
      Effect.ensuring(Effect.ignore(fs.remove(answered, { force: true })))
    )
    if ("failure" in answer) {
      return yield* new ProcessSpawnFailed({ command: command.command, reason: answer.failure })
    }
    const identity = yield* Effect.orElseSucceed(identify(answer.pid), Option.none)
    const exit = readJson(Path.join(exitsFolder(folder), `${answer.pid}.json`), Exit)
    return {
      pid: answer.pid,
      // A process that has ended is in no table any more, and no later one may be taken for it.
      identity: Option.getOrElse(identity, () => "ended"),
      exited: Effect.provideService(
        Effect.orElseSucceed(untilSome(exit, exitSchedule), () => ({})),
        FileSystem.FileSystem,
        fs
      )
    }
  })

const silent = ({ command }: SpawnCommand) =>
  new ProcessSpawnFailed({ command, reason: "the door of the deployment did not start it within 20 seconds" })

const StartAnswer = Schema.Union(Schema.Struct({ pid: Schema.Int }), Schema.Struct({ failure: Schema.String }))

const Exit = Schema.Struct({ code: Schema.optional(Schema.Int), signal: Schema.optional(Schema.String) })

const answerSchedule = Schedule.union(Schedule.exponential("2 millis", 1.5), Schedule.spaced("50 millis"))
const exitSchedule = Schedule.spaced("20 millis")

/** Repeats an effect until it finds something. */
const untilSome = <A, E, R>(
  effect: Effect.Effect<Option.Option<A>, E, R>,
  schedule: Schedule.Schedule<unknown>
): Effect.Effect<A, E, R> =>
  Effect.retry(Effect.flatMap(effect, Option.match({ onNone: () => Effect.fail(nothing), onSome: Effect.succeed })), {
    schedule,
    while: (error) => error === nothing
  }).pipe(Effect.catchIf(isNothing, () => Effect.never))

const nothing = { _tag: "Nothing" } as const

const isNothing = <E>(error: E | typeof nothing): error is typeof nothing => error === nothing

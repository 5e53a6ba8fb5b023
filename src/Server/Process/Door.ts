/**
 * A service at the door of its deployment: it accepts the connections of the deployment's URL while the door's file names
 * its generation, and leaves when the file names another one.
 */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DoorState } from "../../Contract/Door.js"
import type { Manifest } from "../../Contract/Manifest.js"
import type { ListenFailed } from "../Http/NodeServer.js"

/** The part of a service that its door steers. */
export interface Steered {
  /** Accepts the connections of an inherited socket, or those that a door relays to a path. */
  readonly accept: (
    socket: number | string,
    door?: { readonly file: string; readonly generation: number }
  ) => Effect.Effect<void, ListenFailed>
  /** Stops accepting there, and makes every answer the last one of its connection. */
  readonly leave: Effect.Effect<void>
}

/** True if the door of a service names another generation. */
export const hasSuccessor = ({ door, generation }: Manifest): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  door === undefined
    ? Effect.succeed(false)
    : Effect.map(
        read(door.file),
        Option.exists((state) => state.generation !== generation)
      )

/** Removes the Unix socket that an earlier process of the same instance left when it was killed. For one process of a service. */
export const clear = ({ door }: Manifest): Effect.Effect<void, never, FileSystem.FileSystem> => {
  const socket = door?.socket
  return typeof socket !== "string" || socket.startsWith("tcp:")
    ? Effect.void
    : Effect.ignoreLogged(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(socket, { force: true })))
}

/**
 * Steers a service by the file of its door, until it leaves. A relay brings connections only while the file names this
 * service, so the service listens for them at once.
 */
export const follow = (
  { door, generation }: Manifest,
  { accept, leave }: Steered
): Effect.Effect<void, ListenFailed, FileSystem.FileSystem> =>
  door === undefined
    ? Effect.void
    : Effect.gen(function* () {
        const named = until(door.file, (state) => state.generation === generation)
        if (typeof door.socket === "number") yield* named
        yield* accept(door.socket, { file: door.file, generation })
        if (typeof door.socket === "string") yield* named
        yield* until(door.file, (state) => state.generation !== generation)
        yield* leave
      })

/**
 * Starts the door again when it has ended, while this service accepts its connections: then no other process has the
 * socket. An engine starts a relay again. For one process of a service.
 */
export const keepOpen = ({ door, generation }: Manifest): Effect.Effect<void, never, FileSystem.FileSystem> =>
  door === undefined || typeof door.socket === "string"
    ? Effect.void
    : until(door.file, (state) => state.generation === generation).pipe(
        Effect.zipRight(
          Effect.raceFirst(
            until(door.file, (state) => state.generation !== generation),
            Effect.repeat(Effect.ignoreLogged(openAgain(door.file, door.socket)), Schedule.spaced("2 seconds"))
          )
        ),
        Effect.asVoid
      )

// internal

/** Ends with the door that it started, so that a slow one is not started twice. */
const openAgain = (file: string, socket: number) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = Path.dirname(file)
    const { pid } = yield* Effect.flatMap(fs.readFileString(Path.join(folder, "process.json")), decodeProcess)
    if (lives(pid)) return
    const { spawn } = yield* Effect.promise(() => import("node:child_process"))
    const log = yield* fs.open(Path.join(folder, "door.log"), { flag: "a", mode: 0o600 })
    yield* Effect.logWarning("The door of the deployment has ended and starts again.")
    yield* Effect.async<void>((resume) => {
      const child = spawn(process.execPath, [Path.join(folder, "main.mjs"), folder], {
        cwd: Path.parse(folder).root,
        env: {},
        detached: true,
        stdio: ["ignore", log.fd, log.fd, socket]
      })
      child.once("error", () => resume(Effect.void))
      child.once("exit", () => resume(Effect.void))
      child.unref()
    })
  }).pipe(Effect.scoped)

const decodeProcess = Schema.decode(Schema.parseJson(Schema.Struct({ pid: Schema.Int })))

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const decode = Schema.decodeOption(Schema.parseJson(DoorState))

/** A deployer replaces the file as a whole; an engine may leave it missing or incomplete for a moment. */
const read = (file: string): Effect.Effect<Option.Option<DoorState>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.map(decode),
    Effect.orElseSucceed(Option.none)
  )

const until = (file: string, isSo: (state: DoorState) => boolean): Effect.Effect<void, never, FileSystem.FileSystem> =>
  hints(file).pipe(
    Stream.mapEffect(() => read(file)),
    Stream.filter(Option.exists(isSo)),
    Stream.runHead,
    Effect.asVoid
  )

/** A system may lose a notice of a change, or have none. */
const hints = (file: string): Stream.Stream<unknown, never, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (fs) => Stream.catchAll(fs.watch(Path.dirname(file)), () => Stream.empty))
  ).pipe(Stream.merge(Stream.tick("1 second")))

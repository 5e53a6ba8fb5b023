/** Starts programs that outlive this one, and keeps their exits. */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import { keepDeadlines } from "../Internal/Deadline.js"
import { ProcessSpawnFailed } from "./ProcessErrors.js"
import type { ProcessRef, Reader } from "./ProcessTable.js"

/**
 * A program to start.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpawnCommand {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** The complete environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Receives standard output and error; created with mode 0600. */
  readonly logFile: string
  /** The number of a listening socket that the program inherits, as its file descriptor 3; default none. */
  readonly socket?: number | undefined
}

/**
 * The exit of a process: with a code, or by a signal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Exit {
  readonly code?: number | undefined
  readonly signal?: string | undefined
}

/**
 * A process that was started.
 *
 * @category models
 * @since 0.1.0
 */
export interface Spawned extends ProcessRef {
  /** Waits for its exit, which only the program that started it can know. */
  readonly exited: Effect.Effect<Exit>
}

/**
 * Starts a program in a session of its own, without terminal. The program that starts it may end before it. While it
 * lives, it collects the ended process.
 */
export const spawnDetached = (reader: Reader, command: SpawnCommand): Effect.Effect<Spawned, ProcessSpawnFailed> =>
  Effect.acquireUseRelease(
    attempt(command, () => Fs.openSync(command.logFile, "a", 0o600)),
    (log) =>
      attempt(command, () => start(reader, command, log)).pipe(
        Effect.flatMap((started) =>
          "spawned" in started ? Effect.succeed(started.spawned) : failure(command, started)
        )
      ),
    (log) => Effect.sync(() => Fs.closeSync(log))
  ).pipe(Effect.uninterruptible)

type Started = { readonly spawned: Spawned } | { readonly failed: ChildProcess.ChildProcess }

// An ended child stays in the process table until the event loop turns; read in the same turn, its identity is there.
const start = (reader: Reader, command: SpawnCommand, log: number): Started => {
  const child = ChildProcess.spawn(command.command, [...command.args], {
    cwd: command.cwd,
    env: { ...command.env },
    detached: true,
    stdio: command.socket === undefined ? ["ignore", log, log] : ["ignore", log, log, command.socket]
  })
  if (child.pid === undefined) return { failed: child }
  const exited = watchExit(child)
  child.unref()
  return { spawned: { pid: child.pid, identity: identityOf(reader, child.pid), exited } }
}

const identityOf = (reader: Reader, pid: number): string => {
  try {
    return reader.one(pid)?.identity ?? ""
  } catch (cause) {
    // Without an identity the process could not be found again.
    process.kill(-pid, "SIGKILL")
    throw cause
  }
}

const watchExit = (child: ChildProcess.ChildProcess): Effect.Effect<Exit> => {
  const exit = Deferred.unsafeMake<Exit>(FiberId.none)
  child.once("exit", (code, signal) => {
    const how = { ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }
    Deferred.unsafeDone(exit, Effect.succeed(how))
  })
  return Deferred.await(exit)
}

const failure = (
  command: SpawnCommand,
  { failed }: { readonly failed: ChildProcess.ChildProcess }
): Effect.Effect<never, ProcessSpawnFailed> =>
  Effect.async((resume) => {
    failed.once("error", (cause) => resume(Effect.fail(spawnFailed(command, cause))))
  })

const attempt = <A>(command: SpawnCommand, step: () => A): Effect.Effect<A, ProcessSpawnFailed> =>
  Effect.try({ try: step, catch: (cause) => spawnFailed(command, cause) })

const spawnFailed = (command: SpawnCommand, cause: unknown): ProcessSpawnFailed =>
  new ProcessSpawnFailed({
    command: command.command,
    reason: cause instanceof Error ? cause.message : "no reason given",
    cause
  })

/** The exits of the processes that this program started; the system reports an exit to the parent only. */
export class Children extends Context.Tag("effect-deployers/Local/Children")<
  Children,
  {
    readonly remember: (child: Spawned) => Effect.Effect<void>
    readonly forget: (child: ProcessRef) => Effect.Effect<void>
    /** The exit of a process that is gone from the process table, if this program started it. */
    readonly exitOf: (ended: ProcessRef) => Effect.Effect<Option.Option<Exit>>
  }
>() {}

export const makeChildren: Effect.Effect<Children["Type"]> = Effect.sync(() => {
  const children = new Map<string, Spawned>()
  const key = ({ identity, pid }: ProcessRef) => `${pid} ${identity}`
  return {
    remember: (child) => Effect.sync(() => void children.set(key(child), child)),
    forget: (child) => Effect.sync(() => void children.delete(key(child))),
    exitOf: (ended) =>
      Option.match(Option.fromNullable(children.get(key(ended))), {
        onNone: () => Effect.succeedNone,
        // The event of an exit arrives a few turns of the event loop after the process is gone from the table.
        onSome: ({ exited }) => keepDeadlines(Effect.timeoutOption(exited, "1 second"))
      })
  }
})

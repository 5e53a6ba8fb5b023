/** Processes of this machine as a service: start one that outlives this program, identify it, end it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { ProcessSignalRefused, type ProcessSpawnFailed, type ProcessTableUnavailable } from "./ProcessErrors.js"
import type { SpawnCommand, Spawned } from "./ProcessSpawn.js"
import { spawnDetached } from "./ProcessSpawn.js"
import { ofThisMachine, type ProcessRef } from "./ProcessTable.js"
import { makeTestTable, type TestTable } from "./ProcessTestTable.js"

export * from "./ProcessErrors.js"
export type { Exit, SpawnCommand, Spawned } from "./ProcessSpawn.js"
export type { ProcessRef } from "./ProcessTable.js"
export type { TestProcess, TestTable } from "./ProcessTestTable.js"

/**
 * The signals that end a process group.
 *
 * @category models
 * @since 0.1.0
 */
export type Signal = "SIGTERM" | "SIGKILL"

/**
 * Starting, finding and ending processes.
 *
 * @category services
 * @since 0.1.0
 */
export class Processes extends Context.Tag("effect-deployers/Local/Processes")<
  Processes,
  {
    /** Starts a program in a process group of its own, which outlives this program. It cannot be interrupted. */
    readonly spawnDetached: (command: SpawnCommand) => Effect.Effect<Spawned, ProcessSpawnFailed>
    /** The identity of a living process; a later process with the same number has another. */
    readonly identify: (pid: number) => Effect.Effect<Option.Option<string>, ProcessTableUnavailable>
    /** True if the process itself has exited and others of its group are alive. */
    readonly groupLives: (process: ProcessRef) => Effect.Effect<boolean, ProcessTableUnavailable>
    /** Living processes whose command line ends with these arguments. */
    readonly find: (
      lastArguments: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<ProcessRef>, ProcessTableUnavailable>
    /** Sends a signal to every process of a group. A missing group is a success. */
    readonly signalGroup: (pid: number, signal: Signal) => Effect.Effect<void, ProcessSignalRefused>
  }
>() {}

/**
 * The processes of this machine.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Processes> = Layer.succeed(Processes, {
  spawnDetached: (command) => spawnDetached(ofThisMachine.reader, command),
  identify: ofThisMachine.identify,
  groupLives: ofThisMachine.groupLives,
  find: ofThisMachine.find,
  signalGroup: (pid, signal) =>
    Effect.try({
      try: () => process.kill(-pid, signal),
      catch: (cause) => new ProcessSignalRefused({ pid, signal, cause })
    }).pipe(
      Effect.asVoid,
      Effect.catchIf(isGone, () => Effect.void)
    )
})

const isGone = ({ cause }: ProcessSignalRefused): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ESRCH"

/**
 * Controls of the processes of {@link layerTest}.
 *
 * @category testing
 * @since 0.1.0
 */
export class TestProcesses extends Context.Tag("effect-deployers/Local/TestProcesses")<TestProcesses, TestTable>() {}

/**
 * Processes in memory, controlled by a test.
 *
 * @category testing
 * @since 0.1.0
 */
export const layerTest: Layer.Layer<Processes | TestProcesses> = Layer.effectContext(
  Effect.map(makeTestTable, ({ control, service }) =>
    Context.make(Processes, service).pipe(Context.add(TestProcesses, control))
  )
)

/** A process table in memory, for tests that control processes. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ProcessSpawnFailed, ProcessTableUnavailable } from "./ProcessErrors.js"
import type { Processes } from "./Processes.js"
import type { Exit, SpawnCommand } from "./ProcessSpawn.js"
import type { ProcessRef } from "./ProcessTable.js"

/**
 * A process of a test.
 *
 * @category models
 * @since 0.1.0
 */
export interface TestProcess extends ProcessRef {
  readonly args: ReadonlyArray<string>
  readonly group: number
  /** Its command; foreign processes have none. */
  readonly command?: SpawnCommand | undefined
}

/**
 * The observations and controls of a test.
 *
 * @category models
 * @since 0.1.0
 */
export interface TestTable {
  /** Living processes. */
  readonly living: Effect.Effect<ReadonlyArray<TestProcess>>
  /** Every process that was started, oldest first. */
  readonly spawned: Effect.Effect<ReadonlyArray<TestProcess>>
  /** Every signal that was sent to a group, in order. */
  readonly signals: Effect.Effect<ReadonlyArray<{ readonly pid: number; readonly signal: string }>>
  /** Ends a process. */
  readonly exit: (pid: number, exit: Exit) => Effect.Effect<void>
  /** Adds a foreign process. */
  readonly add: (process: TestProcess) => Effect.Effect<void>
  /** Makes every process survive a signal from now on. */
  readonly ignore: (signal: string) => Effect.Effect<void>
  /** Runs right after the start of a process, for example to write a file. */
  readonly onSpawn: (then: (process: TestProcess) => Effect.Effect<void>) => Effect.Effect<void>
  /** Makes starting fail from now on. */
  readonly refuseSpawn: (reason: string) => Effect.Effect<void>
  /** Makes the process table readable or not. */
  readonly readable: (readable: boolean) => Effect.Effect<void>
}

type Service = (typeof Processes)["Service"]

interface State {
  readonly table: Map<number, TestProcess & { readonly exited: Deferred.Deferred<Exit> }>
  readonly spawned: Array<TestProcess>
  readonly signals: Array<{ readonly pid: number; readonly signal: string }>
  readonly ignored: Set<string>
  nextPid: number
  readable: boolean
  refusal: string | undefined
  onSpawn: (process: TestProcess) => Effect.Effect<void>
}

/** @internal */
export const makeTestTable: Effect.Effect<{ readonly service: Service; readonly control: TestTable }> = Effect.sync(
  () => {
    const state: State = {
      table: new Map(),
      spawned: [],
      signals: [],
      ignored: new Set(),
      nextPid: 1001,
      readable: true,
      refusal: undefined,
      onSpawn: () => Effect.void
    }
    return { service: makeService(state), control: makeControl(state) }
  }
)

const makeControl = (state: State): TestTable => ({
  living: Effect.sync(() => [...state.table.values()].map(withoutDeferred)),
  spawned: Effect.sync(() => [...state.spawned]),
  signals: Effect.sync(() => [...state.signals]),
  exit: (pid, exit) => end(state, pid, exit),
  add: (process) =>
    Effect.map(Deferred.make<Exit>(), (exited) => {
      state.table.set(process.pid, { ...process, exited })
    }),
  ignore: (signal) => Effect.sync(() => void state.ignored.add(signal)),
  onSpawn: (then) =>
    Effect.sync(() => {
      state.onSpawn = then
    }),
  refuseSpawn: (reason) =>
    Effect.sync(() => {
      state.refusal = reason
    }),
  readable: (readable) =>
    Effect.sync(() => {
      state.readable = readable
    })
})

const makeService = (state: State): Service => ({
  spawnDetached: (command) => spawn(state, command),
  identify: (pid) => read(state, () => Option.map(Option.fromNullable(state.table.get(pid)), (row) => row.identity)),
  groupLives: ({ pid }) =>
    read(state, () => !state.table.has(pid) && [...state.table.values()].some((row) => row.group === pid)),
  find: (lastArguments) =>
    read(state, () =>
      [...state.table.values()]
        .filter(({ args }) => args.slice(-lastArguments.length).join("\0") === lastArguments.join("\0"))
        .map(({ identity, pid }) => ({ identity, pid }))
    ),
  signalGroup: (pid, signal) =>
    Effect.suspend(() => {
      state.signals.push({ pid, signal })
      if (state.ignored.has(signal)) return Effect.void
      const members = [...state.table.values()].filter((row) => row.group === pid)
      return Effect.forEach(members, (member) => end(state, member.pid, { signal }), { discard: true })
    })
})

const spawn = (state: State, command: SpawnCommand) =>
  Effect.gen(function* () {
    if (state.refusal !== undefined) {
      return yield* new ProcessSpawnFailed({ command: command.command, reason: state.refusal })
    }
    const pid = state.nextPid++
    const exited = yield* Deferred.make<Exit>()
    const process: TestProcess = { pid, group: pid, identity: `test/${pid}`, args: command.args, command }
    state.table.set(pid, { ...process, exited })
    state.spawned.push(process)
    yield* state.onSpawn(process)
    return { pid, identity: process.identity, exited: Deferred.await(exited) }
  })

const end = (state: State, pid: number, exit: Exit): Effect.Effect<void> =>
  Effect.suspend(() => {
    const row = state.table.get(pid)
    state.table.delete(pid)
    return row === undefined ? Effect.void : Effect.asVoid(Deferred.succeed(row.exited, exit))
  })

const read = <A>(state: State, answer: () => A): Effect.Effect<A, ProcessTableUnavailable> =>
  Effect.suspend(() =>
    state.readable
      ? Effect.succeed(answer())
      : new ProcessTableUnavailable({ reason: "the test made the process table unreadable" })
  )

const withoutDeferred = ({ exited: _, ...process }: TestProcess & { readonly exited: unknown }): TestProcess => process

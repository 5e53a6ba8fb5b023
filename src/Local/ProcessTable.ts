/** The process table of this machine as effects. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ProcessTableUnavailable } from "./ProcessErrors.js"
import { type ProcessRef, type Reader, type Row, readerOfThisMachine } from "./ProcessReader.js"

export * from "./ProcessReader.js"

/** Questions about processes. */
export interface ProcessTable {
  /** The identity of a living process. */
  readonly identify: (pid: number) => Effect.Effect<Option.Option<string>, ProcessTableUnavailable>
  /** True if the process itself has exited and others of its group are alive. */
  readonly groupLives: (process: ProcessRef) => Effect.Effect<boolean, ProcessTableUnavailable>
  /** Living processes whose command line ends with these arguments. */
  readonly find: (
    lastArguments: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<ProcessRef>, ProcessTableUnavailable>
}

/** A process table from a reader. */
export const make = (reader: Reader): ProcessTable => ({
  identify: (pid) =>
    ask(() => Option.map(Option.filter(Option.fromNullable(reader.one(pid)), isAlive), (row) => row.identity)),
  groupLives: (process) => ask(() => groupOutlives(reader, process)),
  find: (lastArguments) =>
    ask(() =>
      reader
        .all()
        .filter((row) => isAlive(row) && reader.endsWith(row, lastArguments))
        .map(({ identity, pid }) => ({ identity, pid }))
    )
})

const isAlive = (row: Row): boolean => !row.dead

// The system keeps a number taken while a group of that number has members, so a group without its leader is still ours.
const groupOutlives = (reader: Reader, process: ProcessRef): boolean => {
  if (!process.identity.startsWith(reader.epoch())) return false
  const leader = reader.one(process.pid)
  if (leader !== undefined && (isAlive(leader) || leader.identity !== process.identity)) return false
  return reader.all().some((row) => row.group === process.pid && isAlive(row))
}

const ask = <A>(question: () => A): Effect.Effect<A, ProcessTableUnavailable> =>
  Effect.try({
    try: question,
    catch: (cause) =>
      new ProcessTableUnavailable({ reason: cause instanceof Error ? cause.message : "no answer", cause })
  })

/** The process table of this machine. */
export const ofThisMachine: ProcessTable & { readonly reader: Reader } = (() => {
  const reader = readerOfThisMachine()
  return { ...make(reader), reader }
})()

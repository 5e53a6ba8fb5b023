/**
 * Group commit: the entries of one turn of the event loop are written in one transaction, or in several if there are many.
 * The next group gathers while a transaction is in progress.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import type { StoreError } from "../../../Errors/Stores.js"
import type { RunWrite } from "../../../Store/RunStore.js"
import * as TickBatcher from "../../HotPath/TickBatcher.js"

/** The pending records of one run: its latest state and the parts. */
export interface Entry {
  readonly runId: string
  run: Extract<RunWrite, { readonly _tag: "Run" }> | undefined
  readonly parts: Array<RunWrite>
  readonly waiters: Array<(exit: Exit.Exit<void, StoreError>) => void>
  attempts: number
}

/** Gathers entries and writes them in groups. */
export interface GroupCommit {
  /** The entry of a run in the group that gathers now. The call schedules the group. */
  readonly entry: (runId: string) => Entry
  /** The same, if there is one. */
  readonly gathering: (runId: string) => Entry | undefined
  /** Waits until every entry is written. */
  readonly idle: Effect.Effect<void>
}

/**
 * Makes a group commit. The entries of a group that fails are written one by one, so that one bad entry harms no other, unless
 * the store cannot be used at all.
 * `onSettled` is called with the result of each entry, before the entry's waiters.
 */
export const make = (options: {
  readonly commit: (batch: ReadonlyArray<RunWrite>) => Effect.Effect<void, StoreError>
  readonly onSettled: (entry: Entry, exit: Exit.Exit<void, StoreError>) => void
}): Effect.Effect<GroupCommit> =>
  Effect.gen(function* () {
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const defer = yield* TickBatcher.NextTurn
    let gathering = new Map<string, Entry>()
    let isWriting = false
    const idlers: Array<() => void> = []

    const write = Effect.suspend(() => {
      const group = [...gathering.values()]
      gathering = new Map()
      return settleGroup(options, group)
    })
    const onWritten = () => {
      isWriting = false
      if (gathering.size > 0) askToWrite()
      else if (idlers.length > 0) for (const resume of idlers.splice(0)) resume()
    }
    const askToWrite = TickBatcher.make(() => {
      if (isWriting || gathering.size === 0) return
      isWriting = true
      runFork(write).addObserver(onWritten)
    }, defer)

    return {
      entry: (runId) => {
        const existing = gathering.get(runId)
        if (existing !== undefined) return existing
        const entry: Entry = { runId, run: undefined, parts: [], waiters: [], attempts: 0 }
        gathering.set(runId, entry)
        askToWrite()
        return entry
      },
      gathering: (runId) => gathering.get(runId),
      idle: Effect.async<void>((resume) => {
        if (!isWriting && gathering.size === 0) return resume(Effect.void)
        idlers.push(() => resume(Effect.void))
      })
    }
  })

// internal

type Options = Parameters<typeof make>[0]

const settleGroup = (options: Options, group: ReadonlyArray<Entry>): Effect.Effect<void> =>
  Effect.flatMap(Effect.exit(options.commit(writesOf(group))), (exit) => {
    if (Exit.isSuccess(exit) || group.length === 1 || concernsAll(exit)) {
      for (const entry of group) settle(options, entry, exit)
      return Effect.void
    }
    return Effect.forEach(
      group,
      (entry) =>
        Effect.map(Effect.exit(options.commit(writesOf([entry]))), (own) => {
          settle(options, entry, own)
        }),
      { discard: true }
    )
  })

/** A store that cannot be reached takes no entry, and each attempt would wait for it again. */
const concernsAll = ({ cause }: Exit.Failure<void, StoreError>): boolean =>
  cause._tag === "Fail" && unreachable.has(cause.error.reason)

const unreachable: ReadonlySet<StoreError["reason"]> = new Set([
  "unreachable",
  "overloaded",
  "outcomeUnknown",
  "readonly",
  "denied",
  "misconfigured",
  "untrusted"
])

const settle = (options: Options, entry: Entry, exit: Exit.Exit<void, StoreError>): void => {
  options.onSettled(entry, exit)
  for (const waiter of entry.waiters.splice(0)) waiter(exit)
}

const writesOf = (group: ReadonlyArray<Entry>): ReadonlyArray<RunWrite> => {
  const writes: Array<RunWrite> = []
  for (const { parts, run } of group) {
    if (run !== undefined) writes.push(run)
    for (const part of parts) writes.push(part)
  }
  return writes
}

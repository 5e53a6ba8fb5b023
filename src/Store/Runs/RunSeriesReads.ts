/** Reading from the files of a series of run stores, the newest first: what can be read is answered, the rest is a failure. */
import * as Fs from "node:fs"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { isGoing } from "../../Contract/RunEvent.js"
import type { StoreError } from "../../Errors/Stores.js"
import { type Claim, RunStore, type RunSummary } from "../RunStore.js"
import * as Runs from "../Runs.js"
import { lifetime } from "./IdempotencyKeys.js"

type Store = RunStore["Type"]

/** A file of a series. */
export interface Member {
  readonly path: string
  /** The store of the file; none if its owner removed it. */
  readonly read: Effect.Effect<Option.Option<Store>, StoreError>
  /** True if the runs of the file ended before this process started. */
  readonly isPast: boolean
}

/** The damaged files of earlier processes, which are opened for the first caller that needs them. */
export const earlier = (paths: ReadonlyArray<string>, scope: Scope.Scope): ReadonlyArray<Member> =>
  paths.map((path) => {
    let opened: Store | undefined
    const open = Effect.map(Layer.buildWithScope(Runs.layerReadOnly(path), scope), (context) => {
      opened = Context.get(context, RunStore)
      return Option.some(opened)
    })
    return {
      path,
      isPast: true,
      read: Effect.suspend(() => {
        if (opened !== undefined) return Effect.succeedSome(opened)
        return Fs.existsSync(path) ? open : Effect.succeedNone
      })
    }
  })

/** Reads of a series. */
export const make = (
  members: () => ReadonlyArray<Member>
): Pick<Store, "find" | "events" | "logs" | "list" | "claimed" | "counts"> => {
  const firstOf = <A>(read: (store: Store) => Effect.Effect<Option.Option<A>, StoreError>, past: (value: A) => A) =>
    Effect.suspend(() => inOrder(members(), read, past))
  return {
    find: (id, options) => firstOf((store) => store.find(id, options), ended),
    events: (options) =>
      firstOf(
        (store) => store.events(options),
        (page) => (isGoing(page.status) ? { ...page, status: "interrupted", isLast: true } : page)
      ),
    logs: (options) =>
      firstOf(
        (store) => store.logs(options),
        (page) => page
      ),
    claimed: (key) =>
      firstOf(
        (store) => store.claimed(key),
        (claim) => claim
      ),
    list: (options) => Effect.suspend(() => page(members(), options)),
    counts: Effect.suspend(() =>
      Effect.flatMap(currentOf(members()), (current) =>
        Effect.reduce(members().slice(1), current, (total, member) =>
          Effect.map(
            readable(member, (store) => store.counts),
            Option.match({ onNone: () => total, onSome: (counts) => add(total, counts) })
          )
        )
      )
    )
  }
}

/** The claim of a key in an earlier file. A key whose record cannot be read counts as new, so that the service serves. */
export const claimedEarlier = (members: ReadonlyArray<Member>, key: string): Effect.Effect<Option.Option<Claim>> => {
  if (members.length === 0) return Effect.succeedNone
  return Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.reduce(members, Option.none<Claim>(), (found, member) =>
      Option.isSome(found) || wasWrittenBefore(member.path, now - Duration.toMillis(lifetime))
        ? Effect.succeed(found)
        : Effect.map(
            readable(member, (store) => store.claimed(key)),
            Option.flatten
          )
    )
  )
}

/** The greatest index that can be read. */
export const lastIndexOf = (members: ReadonlyArray<Member>): Effect.Effect<number> =>
  Effect.reduce(members, 0, (last, member) =>
    Effect.map(
      readable(member, (store) => store.lastIndex),
      Option.match({ onNone: () => last, onSome: (index) => Math.max(last, index) })
    )
  )

// internal

const readable = <A>(
  { read }: Member,
  use: (store: Store) => Effect.Effect<A, StoreError>
): Effect.Effect<Option.Option<A>> =>
  Effect.orElseSucceed(
    Effect.flatMap(
      read,
      Option.match({ onNone: () => Effect.succeed(Option.none<A>()), onSome: (store) => Effect.asSome(use(store)) })
    ),
    () => Option.none<A>()
  )

const inOrder = <A>(
  [member, ...rest]: ReadonlyArray<Member>,
  read: (store: Store) => Effect.Effect<Option.Option<A>, StoreError>,
  past: (value: A) => A
): Effect.Effect<Option.Option<A>, StoreError> =>
  member === undefined
    ? Effect.succeedNone
    : Effect.flatMap(
        Effect.flatMap(member.read, Option.match({ onNone: () => Effect.succeed(Option.none<A>()), onSome: read })),
        (found) =>
          Option.isSome(found)
            ? Effect.succeed(member.isPast ? Option.map(found, past) : found)
            : inOrder(rest, read, past)
      )

/** No process is left that could finish it. */
const ended = <A extends RunSummary>(run: A): A =>
  isGoing(run.status) ? { ...run, status: "interrupted", cause: "lost" } : run

type Page = Effect.Effect.Success<ReturnType<Store["list"]>>

/**
 * The newest runs of all files. Where a file cannot be read, the page ends with the last run before it, and the next page
 * fails.
 */
const page = (members: ReadonlyArray<Member>, options: Parameters<Store["list"]>[0]): Effect.Effect<Page, StoreError> =>
  Effect.gen(function* () {
    const [first, ...others] = members
    let merged = yield* pageOf(first, options)
    for (const member of others) {
      const older = yield* Effect.either(pageOf(member, options))
      if (older._tag === "Right") merged = merge(merged, older.right, options.limit)
      else if (merged.runs.length === 0) return yield* older.left
      else return { runs: merged.runs, nextCursor: merged.runs.at(-1)?.id }
    }
    return merged
  })

const nothing: Page = { runs: [], nextCursor: undefined }

const pageOf = (member: Member | undefined, options: Parameters<Store["list"]>[0]): Effect.Effect<Page, StoreError> =>
  member === undefined
    ? Effect.succeed(nothing)
    : Effect.flatMap(
        member.read,
        Option.match({
          onNone: () => Effect.succeed(nothing),
          onSome: (store) =>
            Effect.map(store.list(options), (page) => (member.isPast ? { ...page, runs: page.runs.map(ended) } : page))
        })
      )

const merge = (newer: Page, older: Page, limit: number): Page => {
  const known = new Set(newer.runs.map(({ id }) => id))
  const all = [...newer.runs, ...older.runs.filter(({ id }) => !known.has(id))].sort((one, other) =>
    one.id < other.id ? 1 : -1
  )
  // Beyond the end of a page that goes on, the other file may have runs in between.
  const end = [newer, older]
    .flatMap(({ nextCursor }) => (nextCursor === undefined ? [] : [nextCursor]))
    .sort()
    .at(-1)
  const runs = all.filter(({ id }) => end === undefined || id >= end).slice(0, Math.max(Math.trunc(limit), 1))
  const hasMore = end !== undefined || runs.length < all.length
  return { runs, nextCursor: hasMore ? runs.at(-1)?.id : undefined }
}

const currentOf = (members: ReadonlyArray<Member>) =>
  Effect.flatMap(members[0]?.read ?? Effect.succeedNone, (store) =>
    Option.isSome(store) ? store.value.counts : Effect.succeed(noCounts)
  )

type Counts = Effect.Effect.Success<Store["counts"]>

const noCounts: Counts = { queued: 0, running: 0, succeeded: 0, failed: 0, interrupted: 0 }

const add = (one: Counts, other: Counts): Counts => ({
  queued: one.queued,
  running: one.running,
  succeeded: one.succeeded + other.succeeded,
  failed: one.failed + other.failed,
  interrupted: one.interrupted + other.interrupted + other.queued + other.running
})

const wasWrittenBefore = (path: string, millis: number): boolean =>
  ["", "-wal"].every((suffix) => (Fs.statSync(`${path}${suffix}`, { throwIfNoEntry: false })?.mtimeMs ?? 0) < millis)

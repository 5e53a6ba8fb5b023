/**
 * Runs of one deployment, in a database of its own.
 *
 * **Details**
 *
 * Invariants every implementation keeps and `StoreSuite` checks: a batch is stored as a whole or not at all, and is on
 * disk when `commit` succeeds; a run that ended never changes again; a run's steps come back in the order they were
 * started.
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Run, RunStatus } from "../Contract/RunRecord.js"
import type { StoreError } from "../Errors/Stores.js"

export { Cause, Run, RunStatus, StepRun } from "../Contract/RunRecord.js"

/**
 * A key that a caller chose: the run it stands for, the digest of the request, and the answer once there is one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly runId: string
  readonly digest: string
  readonly answer: { readonly status: number; readonly body: string } | undefined
}

/**
 * One write of a batch: a run with the steps it has so far (an insert or an update by id), a published message, or the
 * answer of a run whose key was claimed.
 *
 * @category models
 * @since 0.1.0
 */
export type RunWrite =
  | { readonly _tag: "Run"; readonly run: Run }
  | {
      readonly _tag: "Message"
      readonly runId: string
      /** Position in the run's events, in which the start of the run has 1. */
      readonly sequence: number
      readonly at: number
      readonly data: unknown
    }
  | {
      readonly _tag: "Answer"
      readonly runId: string
      readonly key: string
      readonly status: number
      readonly body: string
    }

/**
 * Keeps the runs of one deployment with their steps and messages.
 *
 * @category services
 * @since 0.1.0
 */
export class RunStore extends Context.Tag("effect-deployers/Store/RunStore")<
  RunStore,
  {
    /** Stores a batch in one transaction. */
    readonly commit: (batch: ReadonlyArray<RunWrite>) => Effect.Effect<void, StoreError>
    /** With its steps. */
    readonly find: (id: string) => Effect.Effect<Option.Option<Run>, StoreError>
    /** Newest first, without steps; `cursor` comes from the page before. An invalid cursor gives the first page. */
    readonly list: (options: {
      readonly status?: RunStatus | undefined
      readonly limit: number
      readonly cursor?: string | undefined
    }) => Effect.Effect<{ readonly runs: ReadonlyArray<Run>; readonly nextCursor: string | undefined }, StoreError>
    /** Messages of a run in order. */
    readonly messages: (
      runId: string
    ) => Effect.Effect<
      ReadonlyArray<{ readonly sequence: number; readonly at: number; readonly data: unknown }>,
      StoreError
    >
    /**
     * Lets a key stand for a run, for a day. Returns none when the key is new; else the claim it has, which stays.
     */
    readonly claim: (claim: {
      readonly key: string
      readonly digest: string
      readonly runId: string
    }) => Effect.Effect<Option.Option<Claim>, StoreError>
    /** The claim of a key. */
    readonly claimed: (key: string) => Effect.Effect<Option.Option<Claim>, StoreError>
    /** Removes the claim of a key, if it stands for this run. */
    readonly release: (claim: { readonly key: string; readonly runId: string }) => Effect.Effect<void, StoreError>
    /** Asks for a run to be interrupted, in any process. */
    readonly cancel: (id: string) => Effect.Effect<void, StoreError>
    /** Running runs of the store's own generation that are asked to be interrupted. */
    readonly cancelled: Effect.Effect<ReadonlyArray<string>, StoreError>
    /**
     * Removes runs that ended, with their steps and messages: all but the `keep` newest, and those that were started
     * `before` a time. Oldest first, and a few hundred at most; returns the number. {@link RunStore} `counts` stay.
     */
    readonly prune: (options: {
      readonly keep?: number | undefined
      readonly before?: DateTime.Utc | undefined
    }) => Effect.Effect<number, StoreError>
    /** Runs by status, over the life of the deployment. */
    readonly counts: Effect.Effect<Readonly<Record<RunStatus, number>>, StoreError>
    /** Highest index given out, 0 for none. */
    readonly lastIndex: Effect.Effect<number, StoreError>
    /**
     * Marks runs that dead processes left `queued` or `running` as interrupted with cause `lost`; returns the number. Dead are the earlier
     * processes of the store's own generation, and other generations that did not say {@link RunStore} `alive` for ten
     * seconds. For the start of a process, before its first run.
     */
    readonly markLost: Effect.Effect<number, StoreError>
    /**
     * Reports that the store's generation lives, if it has running runs, and marks the runs of other generations lost that did
     * not say so for ten seconds. To be repeated every few seconds: while a deployment is replaced, two processes share
     * its store.
     */
    readonly alive: Effect.Effect<number, StoreError>
  }
>() {}

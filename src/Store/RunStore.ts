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
import type { ArtifactRef } from "../Contract/Artifacts.js"
import type { PublishedKind, RunEvent } from "../Contract/RunEvent.js"
import type { RunLogPage } from "../Contract/RunLog.js"
import type { CachedFrom, Run, RunStatus, RunSummary, StepRun } from "../Contract/RunRecord.js"
import type { StoreError } from "../Errors/Stores.js"
import type { DurableRuns, DurableWrite } from "./Runs/DurableRuns.js"
import type { ScheduleStore } from "./ScheduleStore.js"
import type { SessionStore } from "./SessionStore.js"
import type { WebhookStore } from "./WebhookStore.js"

export type { ArtifactRef } from "../Contract/Artifacts.js"
export { CachedFrom, Cause, Run, RunStatus, RunSummary, StepRun } from "../Contract/RunRecord.js"
export type {
  DurableRuns,
  DurableWrite,
  JournalEntry,
  JournalKind,
  JournalResult,
  Signal,
  TakenRun
} from "./Runs/DurableRuns.js"

/**
 * A key that a caller chose: the run it stands for, the digest of the request, and the answer once there is one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly runId: string
  readonly digest: string
  readonly answer: Answer | undefined
}

/**
 * The answer of a run whose key was claimed, with the headers that the pipeline set, if it set any.
 *
 * @category models
 * @since 0.2.0
 */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * One write of a batch: a run with the steps it has so far (an insert or an update by id), one of its steps, a published
 * message, the answer of a run whose key was claimed, the response that a pipeline set, a delivery to a webhook, or what a run
 * with a lease needs. A
 * `Run` does not carry its response: most runs set none.
 *
 * @category models
 * @since 0.1.0
 */
export type RunWrite =
  | { readonly _tag: "Run"; readonly run: Run }
  | {
      /** A step of a stored run that is in progress; it has no effect on a run that ended. */
      readonly _tag: "Step"
      readonly runId: string
      /** Position among the steps of the run, from 0. */
      readonly position: number
      readonly step: StepRun
    }
  | {
      readonly _tag: "Message"
      /** Default `message`. */
      readonly kind?: PublishedKind | undefined
      readonly runId: string
      /** Position in the run's events, in which the start of the run has 1. */
      readonly sequence: number
      readonly at: number
      readonly data: unknown
    }
  | ({ readonly _tag: "Answer"; readonly runId: string; readonly key: string } & Answer)
  | {
      /** A line that a run logged. */
      readonly _tag: "Log"
      readonly runId: string
      /** Position among the lines of the run, from 1. */
      readonly sequence: number
      readonly at: number
      readonly level: string
      /** The message and the fields. */
      readonly data: unknown
    }
  | {
      /** The output of a cached step, for later calls with the key. */
      readonly _tag: "CacheOutput"
      readonly runId: string
      readonly step: string
      readonly key: string
      readonly output: unknown
      readonly expiresAt: number | undefined
    }
  | {
      /** A step used the output of an earlier call. */
      readonly _tag: "CacheHit"
      readonly runId: string
      readonly step: string
      readonly from: CachedFrom
    }
  | {
      /** The digest of the input of a step. */
      readonly _tag: "Input"
      readonly runId: string
      readonly step: string
      readonly digest: string
    }
  | {
      /** The output of a step is in the store of artifacts. */
      readonly _tag: "Artifact"
      readonly runId: string
      /** The name of the call. */
      readonly step: string
      readonly artifact: ArtifactRef
    }
  | {
      /** The status and headers that the pipeline gave the response to a stored run. */
      readonly _tag: "Response"
      readonly runId: string
      readonly response: NonNullable<Run["response"]>
    }
  | {
      /** The end of the run is to be delivered to a webhook. It has no effect if the run has this delivery already. */
      readonly _tag: "Delivery"
      readonly runId: string
      readonly webhook: string
      /** The URL that the caller of the run gave; absent for a webhook of the service. */
      readonly url?: string | undefined
    }
  | DurableWrite

/**
 * Some events of a run in their order.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventPage {
  /** The status of the run, read before the events: of a run that ended the store has every event. */
  readonly status: RunStatus
  /** Positions may be missing as long as the run is in progress: its steps may be written after its messages. */
  readonly events: ReadonlyArray<RunEvent>
  /** True when the run ended and no event follows these. */
  readonly isLast: boolean
}

/**
 * Options of reading one run.
 *
 * @category models
 * @since 0.2.0
 */
export interface FindOptions {
  /**
   * `encoded` leaves the JSON of parameters, outputs and errors as the text that is stored, for a reader that passes it on:
   * parsing many megabytes, and writing them again, holds everything else up. `JSON.stringify` gives the same for both.
   * Default `parsed`.
   */
  readonly values?: "encoded" | "parsed" | undefined
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
    readonly find: (id: string, options?: FindOptions) => Effect.Effect<Option.Option<Run>, StoreError>
    /** Newest first, without data; `cursor` comes from the page before. An invalid cursor gives the first page. */
    readonly list: (options: {
      readonly status?: RunStatus | undefined
      readonly session?: string | undefined
      readonly limit: number
      readonly cursor?: string | undefined
    }) => Effect.Effect<
      { readonly runs: ReadonlyArray<RunSummary>; readonly nextCursor: string | undefined },
      StoreError
    >
    /**
     * The stored events of a run after a position, in order: at most 256, and about 256 KiB of data besides the first and
     * the last event of the run.
     */
    readonly events: (options: {
      readonly runId: string
      readonly after: number
    }) => Effect.Effect<Option.Option<EventPage>, StoreError>
    /** The lines that a run logged, after a position; none if there is no such run. */
    readonly logs: (options: {
      readonly runId: string
      readonly after: number
      readonly limit: number
    }) => Effect.Effect<Option.Option<RunLogPage>, StoreError>
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
     * Removes runs that ended, with their steps, messages and lines: all but the `keep` newest, and those that were started
     * `before` a time. Oldest first, and a few hundred at most; returns the number. {@link RunStore} `counts` stay.
     */
    readonly prune: (options: {
      readonly keep?: number | undefined
      readonly before?: DateTime.Utc | undefined
    }) => Effect.Effect<number, StoreError>
    /** The output of an earlier call of a cached step, whose run is on record. */
    readonly cachedStep: (
      key: string
    ) => Effect.Effect<Option.Option<{ readonly from: CachedFrom; readonly output: unknown }>, StoreError>
    /** The contents in the store of artifacts that runs refer to. */
    readonly artifacts: {
      /** Keeps a content that is about to be written until the reference to it is stored. */
      readonly hold: (digest: string) => Effect.Effect<void, StoreError>
      /**
       * Removes contents to which no run has referred for ten minutes, a hundred at most; returns the number. No content
       * is written meanwhile.
       */
      readonly sweep: <E>(remove: (digest: string) => Effect.Effect<void, E>) => Effect.Effect<number, E | StoreError>
    }
    /** The schedules of the pipeline and their firings. */
    readonly schedules: ScheduleStore
    /** The states of sessions. */
    readonly sessions: SessionStore
    /** The deliveries of webhooks. */
    readonly webhooks: WebhookStore
    /** Runs by status, over the life of the deployment. */
    readonly counts: Effect.Effect<Readonly<Record<RunStatus, number>>, StoreError>
    /** Highest index given out, 0 for none. */
    readonly lastIndex: Effect.Effect<number, StoreError>
    /**
     * Marks runs without a lease that dead processes left `queued` or `running` as interrupted with cause `lost`; returns the number. Dead are the earlier
     * processes of the store's own generation, and other generations that did not say {@link RunStore} `alive` for ten
     * seconds. For the start of a process, before its first run.
     */
    readonly markLost: Effect.Effect<number, StoreError>
    /**
     * Reports that the store's generation lives, if it has running runs, and marks the runs without a lease of other
     * generations lost that did not say so for ten seconds. To be repeated every few seconds: while a deployment is replaced, two processes share
     * its store.
     */
    readonly alive: Effect.Effect<number, StoreError>
  } & DurableRuns
>() {}

/**
 * The schedules of one deployment and their firings, which all its processes share.
 *
 * **Details**
 *
 * Invariants every implementation keeps and `StoreSuite` checks: each time of a schedule is claimed once, by one of all the
 * processes that ask; a paused schedule gives no claims.
 */
import type * as Effect from "effect/Effect"
import type { Firing } from "../Contract/Schedules.js"
import type { StoreError } from "../Errors/Stores.js"

/**
 * A schedule as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleRecord {
  readonly name: string
  /** The text of its times; another one makes it a new schedule. */
  readonly cron: string
  readonly isPaused: boolean
  /** Milliseconds since the epoch. */
  readonly nextAt: number
  /** The last firings, newest first. */
  readonly firings: ReadonlyArray<Firing>
}

/**
 * The right of this process to start the run of one firing.
 *
 * @category models
 * @since 0.1.0
 */
export interface FiringClaim {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly dueAt: number
  readonly runId: string
}

/**
 * Keeps schedules. A part of `RunStore`.
 *
 * @category services
 * @since 0.1.0
 */
export interface ScheduleStore {
  /** Stores a schedule that is new or has another text; any other one keeps its next time and its pause. */
  readonly register: (schedule: {
    readonly name: string
    readonly cron: string
    readonly nextAt: number
  }) => Effect.Effect<void, StoreError>
  /** The schedules of these names. */
  readonly find: (names: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<ScheduleRecord>, StoreError>
  /**
   * Claims firings of a schedule and moves its next time. Returns none if another process did, or if the schedule is paused
   * or has another text. A firing without `overlap` is skipped while the run of an earlier one is in progress.
   */
  readonly claim: (options: {
    readonly name: string
    readonly cron: string
    /** The next time as it was read. */
    readonly expected: number
    readonly nextAt: number
    readonly firings: ReadonlyArray<Omit<FiringClaim, "name">>
    readonly overlap: boolean
  }) => Effect.Effect<ReadonlyArray<FiringClaim>, StoreError>
  /** The same for one firing at any time, also of a paused schedule. */
  readonly fire: (claim: FiringClaim) => Effect.Effect<void, StoreError>
  /** Marks a firing as started, when its run is on record. */
  readonly started: (claim: FiringClaim) => Effect.Effect<void, StoreError>
  /**
   * Claims firings again that a process claimed some time ago, by the clock of the store, and did not start. Those whose run
   * is on record are marked as started instead.
   */
  readonly reclaim: (options: {
    readonly names: ReadonlyArray<string>
    readonly afterMillis: number
  }) => Effect.Effect<ReadonlyArray<FiringClaim>, StoreError>
  /** Pauses a schedule, or lets it go on from `nextAt`. */
  readonly pause: (
    name: string,
    options: { readonly isPaused: boolean; readonly nextAt: number }
  ) => Effect.Effect<void, StoreError>
}

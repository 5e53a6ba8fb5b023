/**
 * The records with which a run continues in another process: its lease, its journal, and the signals it was sent. Only runs
 * of a service with `recovery` have a lease.
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Run, StepRun } from "../../Contract/RunRecord.js"
import type { StoreError } from "../../Errors/Stores.js"

/**
 * The operation of a run that an entry of its journal stands for: a call of a step, `Run.once`, `Run.sleep` or
 * `Run.waitFor`.
 *
 * @category models
 * @since 0.1.0
 */
export type JournalKind = "step" | "once" | "sleep" | "signal"

/**
 * The form of a recorded result: a value, a failure with a Schema, a timeout, a failure without a Schema, or a defect.
 *
 * @category models
 * @since 0.1.0
 */
export type JournalResult = "value" | "failure" | "timeout" | "plain" | "defect"

/**
 * An operation of a run, in the order in which the operations started.
 *
 * @category models
 * @since 0.1.0
 */
export interface JournalEntry {
  /** Counts the operations of a run from 1. */
  readonly ordinal: number
  /** The ordinal of the step that contains the operation; 0 for an operation of the pipeline itself. */
  readonly parent: number
  readonly kind: JournalKind
  readonly name: string
  /** Counts the operations of one name from 1, among those of the same parent. */
  readonly number: number
  /** True if the fiber of the run, or that of the step around it, made the call: their order is always the same. */
  readonly isSequential: boolean
  /** The digest of the input. */
  readonly digest: string
  /** Absent while the operation is in progress. */
  readonly result?: JournalResult | undefined
  /** The number of attempts that failed. */
  readonly failures: number
  /** The position among the steps of the run, whose record has the result. */
  readonly position?: number | undefined
  /** The result as JSON, of an operation other than a step. */
  readonly value?: unknown
}

/**
 * A write that belongs to a run with a lease. A batch with the lease of a run that another process has taken fails as
 * `fenced`.
 *
 * @category models
 * @since 0.1.0
 */
export type DurableWrite =
  | {
      /** Makes the lease, if there is a request, or checks that the token is still that of the run. */
      readonly _tag: "Lease"
      readonly runId: string
      readonly token: number
      /** The options of the run as JSON. */
      readonly request?: string | undefined
      /** Sets the number of recoveries back to 0, because the run has made progress. */
      readonly isProgress?: boolean | undefined
    }
  | { readonly _tag: "Entry"; readonly runId: string; readonly entry: JournalEntry }
  | {
      /** Gives the run to the next process that takes it. */
      readonly _tag: "Release"
      readonly runId: string
    }

/**
 * A run that this process has taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface TakenRun {
  /** The run with its steps by position. */
  readonly run: Run
  /** The token of this process's lease. */
  readonly token: number
  /** The processes that died with the run since its last progress. */
  readonly recoveries: number
  /** The options of the run as JSON. */
  readonly request: string
  /** The last position among the run's events. */
  readonly sequence: number
  /** The number of lines that the run has logged. */
  readonly lines: number
  readonly journal: ReadonlyArray<JournalEntry>
}

/**
 * A signal that was sent to a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Signal {
  /** Counts the signals of all runs. */
  readonly sequence: number
  readonly data: unknown
}

/**
 * The part of a run store for runs that go on in another process.
 *
 * @category models
 * @since 0.1.0
 */
export interface DurableRuns {
  /**
   * Releases the runs with a lease of earlier processes with the store's own generation, and counts a recovery for each. For
   * the start of a process, before its first run; returns the number.
   */
  readonly orphan: Effect.Effect<number, StoreError>
  /**
   * Takes released runs, and runs of other generations that were not {@link RunStore} `alive` for thirty seconds. Each run is
   * taken by one process, and the writes of the process before it fail from now on.
   */
  readonly take: (limit: number) => Effect.Effect<ReadonlyArray<TakenRun>, StoreError>
  /**
   * Marks the runs that {@link DurableRuns} `take` would take as lost, for a service that recovers no runs; with `own`, those
   * of earlier processes with the store's own generation, too. Returns the number.
   */
  readonly abandon: (options: { readonly own: boolean }) => Effect.Effect<number, StoreError>
  /** The journal of a run, and its steps by position. */
  readonly journal: (
    runId: string
  ) => Effect.Effect<
    { readonly journal: ReadonlyArray<JournalEntry>; readonly steps: ReadonlyArray<StepRun> },
    StoreError
  >
  /** Sends a signal to a run that is queued or running, and returns its sequence; none for any other run. */
  readonly signal: (signal: {
    readonly runId: string
    readonly name: string
    readonly data: unknown
  }) => Effect.Effect<Option.Option<number>, StoreError>
  /** The first signal of a name after a sequence. */
  readonly nextSignal: (options: {
    readonly runId: string
    readonly name: string
    readonly after: number
  }) => Effect.Effect<Option.Option<Signal>, StoreError>
  /**
   * The runs that were sent a signal since an earlier look, and the mark with which the next look continues; after -1 only the
   * latter. A mark is no sequence of a signal, and a run may be returned again.
   */
  readonly signalled: (
    after: number
  ) => Effect.Effect<{ readonly last: number; readonly runIds: ReadonlyArray<string> }, StoreError>
}

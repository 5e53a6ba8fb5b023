/** The limits of each caller of a pipeline, so that one caller leaves room for the others. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { RunRequest } from "../Run.js"

/**
 * The limits of each caller, as the author of a pipeline writes them.
 *
 * @category models
 * @since 0.2.0
 */
export interface CallerOptions {
  /**
   * The caller of a request; default: the id of its key, else its address. Any text will do, such as that of a session or a
   * tenant.
   */
  readonly by?: ((request: RunRequest) => string) | undefined
  /** Most runs of one caller at once. Further ones wait, and let the runs of others pass. */
  readonly concurrency?: number | undefined
  /** Most runs of one caller that wait; further ones get 429. Default as many as the queue of the service takes. */
  readonly queue?: number | undefined
  /** Most runs of one caller in an interval; further ones get 429 with `Retry-After`. */
  readonly rate?: { readonly runs: number; readonly per: Duration.DurationInput } | undefined
  /** The place of a run that waits: higher numbers start first, equal ones in order of arrival. Default 0. */
  readonly priority?: ((request: RunRequest) => number) | undefined
}

/**
 * The limits of each caller.
 *
 * @category models
 * @since 0.2.0
 */
export interface CallerLimits {
  /** The caller of a request. */
  readonly callerOf: (request: RunRequest) => string
  readonly concurrency: number
  readonly queue: number
  readonly rate: { readonly runs: number; readonly intervalMillis: number } | undefined
  readonly priorityOf: ((request: RunRequest) => number) | undefined
}

/** The limits of some options. */
export const fromOptions = ({ by, concurrency, priority, queue, rate }: CallerOptions): CallerLimits => ({
  callerOf: by ?? ofKeyOrAddress,
  concurrency: concurrency ?? Number.POSITIVE_INFINITY,
  queue: queue ?? Number.POSITIVE_INFINITY,
  rate: rate === undefined ? undefined : { runs: rate.runs, intervalMillis: Duration.toMillis(rate.per) },
  priorityOf: priority
})

// internal

const ofKeyOrAddress = ({ caller, remoteAddress }: RunRequest): string =>
  Option.match(caller, {
    onSome: ({ keyId }) => `key ${keyId}`,
    onNone: () => `address ${Option.getOrElse(remoteAddress, () => "unknown")}`
  })

/** The events of one run on their way to one caller. */
import type * as Effect from "effect/Effect"
import type * as RunEvent from "../../../Contract/RunEvent.js"

/** A response of events. The first event begins it. */
export interface EventStream {
  /** True when a part of the response was sent. */
  readonly hasBegun: () => boolean
  /** True when the response has ended or the caller has disconnected. */
  readonly hasEnded: () => boolean
  /** Sends the headers, for a caller that may wait long for the first event. */
  readonly begin: () => void
  /** Writes an event of the run, and ends the response with the last one. */
  readonly tell: (event: RunEvent.RunEvent) => void
  /** Writes an event that is not one of the run, as JSON text on one line. */
  readonly say: (event: string, json: string) => void
  /** Ends the response, unless it has ended. */
  readonly end: () => void
  /** The bytes that were written and that the caller has not taken yet. */
  readonly unreadBytes: () => number
  /** Waits until the caller has taken most of what was written. It drops a caller that takes nothing for a minute. */
  readonly drained: Effect.Effect<void>
  /** {@link drained} as of now: `Effect.void` if there is nothing to wait for. */
  readonly pace: () => Effect.Effect<void>
  /** Ends the response with a reason, because the caller reads too slowly. */
  readonly drop: () => void
}

/** Bytes that a caller may leave unread before writing waits for it. */
export const keepsUpBytes = 65_536

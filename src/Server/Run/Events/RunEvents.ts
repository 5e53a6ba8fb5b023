/** The events of a new run, for the caller that starts it. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as RunEvent from "../../../Contract/RunEvent.js"
import type { ActiveRun } from "../Execution/ActiveRun.js"
import type { OnDisconnect } from "../Execution/RunCall.js"
import type { Invocation } from "../Invocation.js"
import type { InvokeOptions, Origin } from "../InvokeRequest.js"
import type * as Response from "../Response.js"
import type { Parsed } from "../SafeJson.js"
import { type EventStream, keepsUpBytes } from "./EventStream.js"
import * as EventTail from "./EventTail.js"

/** Writes the events of a run after a position from the store. Call the returned function when the caller leaves. */
export type ReadOn = (id: string, after: number, stream: EventStream, onDone: () => void) => () => void

/** Makes a {@link ReadOn} whose fibers run beside those of requests. */
export const readOn: Effect.Effect<ReadOn, never, EventTail.Requirements> = Effect.map(
  Effect.runtime<EventTail.Requirements>(),
  (runtime) => {
    const runFork = Runtime.runFork(runtime)
    return (id, after, stream, onDone) => {
      // The answers of this turn come first: a run that could not be stored has one.
      const read = Effect.zipRight(
        Effect.yieldNow(),
        Effect.suspend(() => EventTail.attach(id, after, stream))
      )
      const fiber = runFork(Effect.ensuring(Effect.ignore(read), Effect.sync(onDone)))
      return () => fiber.unsafeInterruptAsFork(FiberId.none)
    }
  }
)

export interface InvokeEventsOptions extends Origin {
  /**
   * Writes the events that the caller has no time for, or whose write failed. A run that is not recorded has none: its
   * caller is dropped instead.
   */
  readonly readOn: ReadOn | undefined
}

/**
 * Invokes the pipeline and writes the events of the run, until it has ended. An invocation that is refused before its first
 * event writes none: `onDone` gets its answer, and `undefined` otherwise. Call the returned function when the caller leaves.
 */
export const invoke = (
  { call }: Pick<Context.Tag.Service<Invocation>, "call">,
  body: Parsed,
  stream: EventStream,
  onDone: (answer: Response.Response | undefined) => void,
  { readOn, ...origin }: InvokeEventsOptions
): OnDisconnect | undefined => {
  const followed = follower(stream, readOn)
  const options: InvokeOptions = { isDetached: false, onAccepted: followed.accept, pace: stream.pace, ...origin }
  const leave = call(
    body,
    (answer) => {
      if (followed.isRead(onDone)) return
      if (stream.hasEnded()) return onDone(undefined)
      if (!stream.hasBegun()) return onDone(answer)
      stream.say("unavailable", answer.body)
      stream.end()
      onDone(undefined)
    },
    options
  )
  if (leave === undefined) return undefined
  return () => {
    leave()
    followed.leave()
  }
}

// internal

/** The most that the caller of a run without records may leave unread. */
const mostUnreadBytes = 1_048_576

/** Writes the events of a run to a stream, from the run as long as the caller keeps up, then from the store. */
const follower = (stream: EventStream, readOn: ReadOn | undefined) => {
  let last = 0
  let run: ActiveRun | undefined
  let unfollow: (() => void) | undefined
  let cancel: (() => void) | undefined
  let isLost = false
  let hasRead = false
  let whenRead: ((answer: undefined) => void) | undefined
  const read = () => {
    if (run === undefined || readOn === undefined || cancel !== undefined) return
    cancel = readOn(run.id, last, stream, () => {
      hasRead = true
      whenRead?.(undefined)
    })
  }
  const tell = (event: RunEvent.RunEvent) => {
    last = event.sequence
    stream.tell(event)
  }
  return {
    accept: (accepted: ActiveRun) => {
      run = accepted
      if (accepted.options.isQueued) stream.begin()
      unfollow = accepted.follow({
        tell: (event) => {
          if (cancel !== undefined) return
          if (readOn === undefined) {
            if (stream.unreadBytes() > mostUnreadBytes) stream.drop()
            tell(event)
          } else if (event.sequence === last + 1 && stream.unreadBytes() <= keepsUpBytes) tell(event)
          else read()
        },
        miss: read,
        lose: () => {
          isLost = true
        }
      })
    },
    /** Called when the run has its answer. True if its events come from the store, which calls back at their end. */
    isRead: (onDone: (answer: undefined) => void): boolean => {
      unfollow?.()
      if (cancel === undefined || hasRead) return false
      if (isLost) {
        cancel()
        return false
      }
      whenRead = onDone
      return true
    },
    leave: () => cancel?.()
  }
}

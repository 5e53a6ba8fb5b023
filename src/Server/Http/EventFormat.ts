/** The events of a run as the text of a response, in a format that the caller chose. */
import * as Effect from "effect/Effect"
import type * as RunEvent from "../../Contract/RunEvent.js"
import { type EventStream, keepsUpBytes } from "../Run/Events/EventStream.js"

/** A response that takes text. */
export interface Sink {
  readonly hasBegun: () => boolean
  /** True when the response has ended or the caller has disconnected. */
  readonly hasEnded: () => boolean
  /** Sends the headers of the format. */
  readonly begin: () => void
  readonly write: (text: string) => void
  readonly end: () => void
  /** The bytes that were written and that the caller has not taken yet. */
  readonly unreadBytes: () => number
  /** Calls back once, when the caller has taken everything or is gone, unless the returned function is called before. */
  readonly onDrained: (callBack: () => void) => () => void
  /** Closes the connection of a caller that does not take the end of the response either. */
  readonly abandon: () => void
}

/** The text of events. */
export interface Format {
  readonly headers: { readonly "content-type": string; readonly [name: string]: string }
  /** The text in front of the first event. */
  readonly preamble: string
  /** The text that keeps the connection from looking dead to proxies; none for a format that has none. */
  readonly heartbeat: string | undefined
  /** The text of an event; none for one that the format leaves out. */
  readonly ofEvent: (event: RunEvent.RunEvent, hasBegun: boolean) => string | undefined
  /** The text of a message that is not an event of the run. */
  readonly ofMessage: (name: string, json: string) => string
  /** The reason that a caller receives who reads too slowly, as JSON. */
  readonly dropped: string
}

/** The time in which a caller has to take what was written, before it is dropped. */
export const patience = "1 minute"

/** The pause between two texts that keep a connection alive. */
export const heartbeatPause = "15 seconds"

/** Writes events to a sink. */
export const over = (sink: Sink, format: Format): EventStream => {
  const begin = () => {
    if (sink.hasBegun() || sink.hasEnded()) return
    sink.begin()
    if (format.preamble !== "") sink.write(format.preamble)
  }
  const send = (text: string) => {
    begin()
    if (!sink.hasEnded()) sink.write(text)
  }
  const end = () => {
    begin()
    if (!sink.hasEnded()) sink.end()
  }
  const drop = () => {
    if (sink.hasEnded()) return
    send(format.ofMessage("dropped", format.dropped))
    sink.end()
    sink.abandon()
  }
  const pace = () =>
    sink.hasEnded() || sink.unreadBytes() <= keepsUpBytes
      ? Effect.void
      : Effect.timeoutTo(
          Effect.async<boolean>((resume) => {
            const stop = sink.onDrained(() => resume(Effect.succeed(true)))
            return Effect.sync(stop)
          }),
          { duration: patience, onSuccess: () => {}, onTimeout: drop }
        )
  return {
    hasBegun: sink.hasBegun,
    hasEnded: sink.hasEnded,
    begin,
    tell: (event) => {
      const text = format.ofEvent(event, sink.hasBegun())
      if (text === undefined) return
      send(text)
      if (event.event === "run_finished") end()
    },
    say: (name, json) => send(format.ofMessage(name, json)),
    end,
    unreadBytes: sink.unreadBytes,
    drained: Effect.suspend(pace),
    pace,
    drop
  }
}

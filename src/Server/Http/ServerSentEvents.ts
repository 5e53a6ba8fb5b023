/**
 * Server-sent events on a response of Node's. Written by hand: an answer as a `Stream` through the platform's handlers takes
 * thirty times the processor time of the run that is followed.
 */
import type { ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { RunEvent } from "../../Contract/RunEvent.js"
import * as TickBatcher from "../HotPath/TickBatcher.js"
import * as NodeServer from "./NodeServer.js"

/** A response that events are written to. The headers leave with the first one, if not before. */
export interface EventStream {
  /** Whether anything was written. */
  readonly hasBegun: () => boolean
  /** Sends the headers, for who may wait long for the first event. */
  readonly begin: () => void
  /** Writes an event of a run, and ends with the last. */
  readonly tell: (event: RunEvent) => void
  /** Writes something else there is to say, as JSON text on one line. */
  readonly say: (event: string, json: string) => void
  /** Ends the response, unless it has ended. */
  readonly end: () => void
}

/**
 * Makes a function that opens streams.
 *
 * **Details**
 *
 * Something is sent every 15 seconds, so that nobody in between takes the connection for dead. Who leaves more than a
 * megabyte unread is taken to be gone.
 */
export const make: Effect.Effect<(response: ServerResponse) => EventStream> = Effect.map(
  Effect.runtime<never>(),
  (runtime) => {
    const runFork = Runtime.runFork(runtime)
    // Most runs have ended by then, and a timer costs more than following them.
    const beatLater = TickBatcher.each((response: ServerResponse) => {
      if (response.writableEnded || response.destroyed) return
      const beating = runFork(Effect.forever(beat(response)))
      response.once("close", () => beating.unsafeInterruptAsFork(FiberId.none))
    })
    return (response) => open(response, beatLater)
  }
)

// internal

const beatInterval = "15 seconds"
const mostUnreadBytes = 1024 * 1024

const beat = (response: ServerResponse) =>
  Effect.delay(
    Effect.sync(() => write(response, ":\n\n")),
    beatInterval
  )

const open = (response: ServerResponse, beatLater: (response: ServerResponse) => void): EventStream => {
  const begin = () => {
    if (response.headersSent || response.destroyed) return
    greet(response)
    beatLater(response)
  }
  const send = (frame: string) => {
    begin()
    write(response, frame)
  }
  const end = () => {
    if (!response.writableEnded) response.end()
  }
  return {
    hasBegun: () => response.headersSent,
    begin,
    tell: ({ data, event, sequence }) => {
      send(`id: ${sequence}\n${frameOf(event, JSON.stringify(data))}`)
      if (event === "run_finished") end()
    },
    say: (event, json) => send(frameOf(event, json)),
    end: () => {
      begin()
      end()
    }
  }
}

const frameOf = (event: string, json: string): string => `event: ${event}\ndata: ${json}\n\n`

/** With how soon to come back when the connection breaks off. */
const greet = (response: ServerResponse): void => {
  NodeServer.secure(response)
  response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" })
  response.write("retry: 1000\n\n")
}

const write = (response: ServerResponse, text: string): void => {
  if (response.writableEnded || response.destroyed) return
  response.write(text)
  if (response.writableLength > mostUnreadBytes) response.destroy()
}

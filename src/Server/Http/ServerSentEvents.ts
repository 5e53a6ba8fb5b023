/**
 * Server-sent events on a response of Node's. Written by hand: a response as a `Stream` through the platform's handlers takes
 * thirty times the processor time of the run that is followed.
 */
import type { ServerResponse } from "node:http"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as TickBatcher from "../HotPath/TickBatcher.js"
import * as Response from "../Run/Response.js"
import type { EventStream } from "../Run/RunEvents.js"
import type * as EventResponse from "./EventResponse.js"
import * as NodeServer from "./NodeServer.js"

/** A response that takes text. */
export interface Sink {
  readonly hasBegun: () => boolean
  /** True when the response has ended or the caller has disconnected. */
  readonly hasEnded: () => boolean
  /** Sends {@link headers}. */
  readonly begin: () => void
  readonly write: (text: string) => void
  readonly end: () => void
}

/** The headers of a stream, besides those of every response. */
export const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" } as const

/** The most that a caller may leave unread, in bytes; the caller counts as gone beyond it. */
export const mostUnreadBytes = 1024 * 1024

/** A comment that keeps the connection from looking dead to proxies, and the pause between two of them. */
export const heartbeat = { text: ":\n\n", every: "15 seconds" } as const

/** Writes events to a sink. */
export const over = (sink: Sink): EventStream => {
  const begin = () => {
    if (sink.hasBegun() || sink.hasEnded()) return
    sink.begin()
    sink.write(retry)
  }
  const send = (frame: string) => {
    begin()
    if (!sink.hasEnded()) sink.write(frame)
  }
  const end = () => {
    begin()
    if (!sink.hasEnded()) sink.end()
  }
  return {
    hasBegun: sink.hasBegun,
    hasEnded: sink.hasEnded,
    begin,
    tell: ({ data, event, sequence }) => {
      send(`id: ${sequence}\n${frameOf(event, JSON.stringify(data))}`)
      if (event === "run_finished") end()
    },
    say: (event, json) => send(frameOf(event, json)),
    end
  }
}

/** Makes a function that opens streams on responses of Node's. */
export const make: Effect.Effect<(response: ServerResponse) => EventStream> = Effect.gen(function* () {
  const runtime = yield* Effect.runtime<never>()
  const runFork = Runtime.runFork(runtime)
  // Most runs have ended by then, and a timer costs more than following them.
  const beatLater = TickBatcher.each(
    (response: ServerResponse) => {
      if (response.writableEnded || response.destroyed) return
      const beating = runFork(Effect.forever(beat(response)))
      response.once("close", () => beating.unsafeInterruptAsFork(FiberId.none))
    },
    yield* TickBatcher.NextTurn
  )
  return (response) => over(sinkOf(response, beatLater))
})

/** Responds with events on Node's response of a request. The platform then sends nothing. */
export const responder: Effect.Effect<EventResponse.Responder> = Effect.map(
  make,
  (open) => (request, produce) =>
    Effect.map(produce(open(NodeHttpServerRequest.toServerResponse(request))), (answer) =>
      answer === undefined ? HttpServerResponse.empty() : Response.toResponse(answer)
    )
)

// internal

/** The wait of the caller before it reconnects. */
const retry = "retry: 1000\n\n"

const frameOf = (event: string, json: string): string => `event: ${event}\ndata: ${json}\n\n`

const beat = (response: ServerResponse) =>
  Effect.delay(
    Effect.sync(() => write(response, heartbeat.text)),
    heartbeat.every
  )

const sinkOf = (response: ServerResponse, beatLater: (response: ServerResponse) => void): Sink => ({
  hasBegun: () => response.headersSent,
  hasEnded: () => response.writableEnded || response.destroyed,
  begin: () => {
    NodeServer.secure(response)
    response.writeHead(200, headers)
    beatLater(response)
  },
  write: (text) => write(response, text),
  end: () => void response.end()
})

const write = (response: ServerResponse, text: string): void => {
  if (response.writableEnded || response.destroyed) return
  response.write(text)
  if (response.writableLength > mostUnreadBytes) response.destroy()
}

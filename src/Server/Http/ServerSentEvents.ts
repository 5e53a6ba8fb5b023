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
import { textOf } from "../../Internal/EncodedJson.js"
import * as TickBatcher from "../HotPath/TickBatcher.js"
import type { EventStream } from "../Run/Events/EventStream.js"
import * as Response from "../Run/Response.js"
import * as AnswerWriter from "./AnswerWriter.js"
import * as EventFormat from "./EventFormat.js"
import type * as EventResponse from "./EventResponse.js"

type Format = EventFormat.Format

/** The format of server-sent events. */
export const format: Format = {
  headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" },
  // The wait of the caller before it reconnects.
  preamble: "retry: 1000\n\n",
  heartbeat: ":\n\n",
  ofEvent: ({ data, event, sequence }) => `id: ${sequence}\n${frameOf(event, textOf(data) ?? "null")}`,
  ofMessage: (event, json) => frameOf(event, json),
  dropped: JSON.stringify({
    message: "The caller reads too slowly; continue after the last event with the header Last-Event-ID."
  })
}

/** Opens a stream of events on a response of Node's; the default format is that of server-sent events. */
export type Open = (response: ServerResponse, format?: Format) => EventStream

/** Makes a function that opens streams on responses of Node's. */
export const make: Effect.Effect<Open> = Effect.gen(function* () {
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
  const abandon = (response: ServerResponse) => {
    const waiting = runFork(
      Effect.delay(
        Effect.sync(() => response.destroy()),
        EventFormat.patience
      )
    )
    response.once("close", () => waiting.unsafeInterruptAsFork(FiberId.none))
  }
  return (response, chosen = format) => EventFormat.over(sinkOf(response, chosen, { beatLater, abandon }), chosen)
})

/** Responds with events on Node's response of a request. The platform then sends nothing. */
export const responder: Effect.Effect<EventResponse.Responder> = Effect.map(
  make,
  (open) => (request, produce, chosen) =>
    Effect.map(produce(open(NodeHttpServerRequest.toServerResponse(request), chosen)), (answer) =>
      answer === undefined ? HttpServerResponse.empty() : Response.toResponse(answer)
    )
)

// internal

const frameOf = (event: string, json: string): string => `event: ${event}\ndata: ${json}\n\n`

/** A caller that reads nothing gets no comments either: they would gather. */
const beat = (response: ServerResponse) =>
  Effect.delay(
    Effect.sync(() => {
      if (response.writableLength === 0) write(response, format.heartbeat ?? "")
    }),
    EventFormat.heartbeatPause
  )

const sinkOf = (
  response: ServerResponse,
  { headers, heartbeat }: Format,
  on: {
    readonly beatLater: (response: ServerResponse) => void
    readonly abandon: (response: ServerResponse) => void
  }
): EventFormat.Sink => {
  let gathered = ""
  const flush = () => {
    const text = gathered
    gathered = ""
    if (text !== "") write(response, text)
  }
  return {
    hasBegun: () => response.headersSent,
    hasEnded: () => response.writableEnded || response.destroyed,
    begin: () => {
      AnswerWriter.secure(response)
      response.writeHead(200, headers)
      if (heartbeat !== undefined) on.beatLater(response)
    },
    // The events of a commit come together, and each write costs more than an event.
    write: (text) => {
      if (gathered === "") queueMicrotask(flush)
      gathered += text
      if (gathered.length >= mostGathered) flush()
    },
    end: () => {
      flush()
      response.end()
    },
    unreadBytes: () => response.writableLength + gathered.length,
    onDrained: (callBack) => {
      flush()
      const stop = () => {
        response.off("drain", drained)
        response.off("close", drained)
      }
      const drained = () => {
        stop()
        callBack()
      }
      response.on("drain", drained)
      response.on("close", drained)
      return stop
    },
    abandon: () => on.abandon(response)
  }
}

/** Characters that are written at once at the latest. */
const mostGathered = 16_384

const write = (response: ServerResponse, text: string): void => {
  if (!response.writableEnded && !response.destroyed) response.write(text)
}

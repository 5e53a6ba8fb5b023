/** Events of a run as a response of the platform: a stream, or an ordinary response when no event was written. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { EventStream } from "../Run/Events/EventStream.js"
import type { StreamLimit } from "../Run/Events/StreamLimit.js"
import * as Response from "../Run/Response.js"
import * as EventFormat from "./EventFormat.js"
import * as ServerSentEvents from "./ServerSentEvents.js"

/** Writes events; or writes none and returns the answer to an invocation that was refused. */
export type Produce<E, R> = (stream: EventStream) => Effect.Effect<Response.Response | undefined, E, R>

/** Responds to a request with events, in the format of server-sent events if no other is given. */
export type Responder = <E, R>(
  request: HttpServerRequest.HttpServerRequest,
  produce: Produce<E, R>,
  format?: EventFormat.Format
) => Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | Scope.Scope>

/**
 * Responds with the events that `produce` writes.
 *
 * **Details**
 *
 * `produce` runs until the scope of the request closes: the platform closes it when the response is sent or the caller is
 * gone. Its errors pass as long as no event was written, and end the stream afterwards.
 */
export const respond: Responder = (_request, produce, format = ServerSentEvents.format) =>
  Effect.gen(function* () {
    const { begun, body, ended, gone, stream, write } = yield* channel(format)
    const { headers, heartbeat } = format
    const beat = Effect.delay(
      Effect.sync(() => write(heartbeat ?? "")),
      EventFormat.heartbeatPause
    )
    const end = Effect.sync(() => {
      if (stream.hasBegun()) stream.end()
    })
    const producing = yield* Effect.forkScoped(Effect.ensuring(Effect.raceFirst(produce(stream), gone), end))
    if (heartbeat !== undefined) yield* Effect.forkScoped(Effect.raceFirst(ended, Effect.forever(beat)))
    const streaming = HttpServerResponse.stream(body, { contentType: headers["content-type"], headers })
    return yield* Effect.raceFirst(
      Effect.as(begun, streaming),
      Effect.map(Fiber.join(producing), (answer) => (answer === undefined ? streaming : Response.toResponse(answer)))
    )
  })

/** Responds with an error in place of a stream beyond the limit. */
export const limited =
  (limit: Context.Tag.Service<StreamLimit>, respond: Responder): Responder =>
  (request, produce, format) =>
    Effect.suspend(() => {
      const leave = limit.enter()
      if (leave === undefined) return Effect.succeed(Response.toResponse(Response.ofError(limit.refusal)))
      return Effect.zipRight(
        Effect.addFinalizer(() => Effect.sync(leave)),
        respond(request, produce, format)
      )
    })

// internal

const encoder = new TextEncoder()

/** Text on its way from a run to a `Stream`. */
const channel = Effect.fnUntraced(function* (format: EventFormat.Format) {
  const frames = yield* Mailbox.make<Uint8Array>()
  const begun = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<void>()
  const gone = yield* Deferred.make<undefined>()
  const waiting = new Set<() => void>()
  let hasBegun = false
  let hasEnded = false
  let unreadBytes = 0
  const end = () => {
    hasEnded = true
    frames.unsafeDone(Exit.void)
    Deferred.unsafeDone(ended, Effect.void)
  }
  const write = (text: string) => {
    if (!hasBegun || hasEnded) return
    const frame = encoder.encode(text)
    unreadBytes += frame.length
    frames.unsafeOffer(frame)
  }
  const begin = () => {
    hasBegun = true
    Deferred.unsafeDone(begun, Effect.void)
  }
  const taken = (frame: Uint8Array) => {
    unreadBytes -= frame.length
    if (unreadBytes > 0) return
    for (const callBack of waiting) callBack()
    waiting.clear()
  }
  const body = Stream.tap(Mailbox.toStream(frames), (frame) => Effect.sync(() => taken(frame)))
  const sink: EventFormat.Sink = {
    hasBegun: () => hasBegun,
    hasEnded: () => hasEnded,
    begin,
    write,
    end,
    unreadBytes: () => unreadBytes,
    onDrained: (callBack) => {
      waiting.add(callBack)
      return () => waiting.delete(callBack)
    },
    abandon: () => Deferred.unsafeDone(gone, Effect.succeed(undefined))
  }
  const stream = EventFormat.over(sink, format)
  return {
    begun: Deferred.await(begun),
    ended: Deferred.await(ended),
    gone: Deferred.await(gone),
    body,
    stream,
    write: (text: string) => {
      if (unreadBytes === 0) write(text)
    }
  }
})

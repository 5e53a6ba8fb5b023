/** Events of a run as a response of the platform: a stream, or an ordinary response when no event was written. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Response from "../Run/Response.js"
import type { EventStream } from "../Run/RunEvents.js"
import * as ServerSentEvents from "./ServerSentEvents.js"

/** Writes events; or writes none and returns the answer to an invocation that was refused. */
export type Produce<E, R> = (stream: EventStream) => Effect.Effect<Response.Response | undefined, E, R>

/** Responds to a request with events. */
export type Responder = <E, R>(
  request: HttpServerRequest.HttpServerRequest,
  produce: Produce<E, R>
) => Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | Scope.Scope>

/**
 * Responds with the events that `produce` writes.
 *
 * **Details**
 *
 * `produce` runs until the scope of the request closes: the platform closes it when the response is sent or the caller is
 * gone. Its errors pass as long as no event was written, and end the stream afterwards.
 */
export const respond: Responder = (_request, produce) =>
  Effect.gen(function* () {
    const { begun, body, ended, gone, stream, write } = yield* channel
    const beat = Effect.delay(
      Effect.sync(() => write(ServerSentEvents.heartbeat.text)),
      ServerSentEvents.heartbeat.every
    )
    const end = Effect.sync(() => {
      if (stream.hasBegun()) stream.end()
    })
    const producing = yield* Effect.forkScoped(Effect.ensuring(Effect.raceFirst(produce(stream), gone), end))
    yield* Effect.forkScoped(Effect.raceFirst(ended, Effect.forever(beat)))
    const streaming = HttpServerResponse.stream(body, {
      contentType: ServerSentEvents.headers["content-type"],
      headers: ServerSentEvents.headers
    })
    return yield* Effect.raceFirst(
      Effect.as(begun, streaming),
      Effect.map(Fiber.join(producing), (answer) => (answer === undefined ? streaming : Response.toResponse(answer)))
    )
  })

// internal

const encoder = new TextEncoder()

/** Text on its way from a run to a `Stream`. A caller that leaves too much unread gets nothing more. */
const channel = Effect.gen(function* () {
  const frames = yield* Mailbox.make<Uint8Array>()
  const begun = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<void>()
  const gone = yield* Deferred.make<undefined>()
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
    if (unreadBytes <= ServerSentEvents.mostUnreadBytes) return
    end()
    Deferred.unsafeDone(gone, Effect.succeed(undefined))
  }
  const begin = () => {
    hasBegun = true
    Deferred.unsafeDone(begun, Effect.void)
  }
  const body = Stream.tap(Mailbox.toStream(frames), (frame) =>
    Effect.sync(() => {
      unreadBytes -= frame.length
    })
  )
  const stream = ServerSentEvents.over({ hasBegun: () => hasBegun, hasEnded: () => hasEnded, begin, write, end })
  return {
    begun: Deferred.await(begun),
    ended: Deferred.await(ended),
    gone: Deferred.await(gone),
    body,
    stream,
    write
  }
})

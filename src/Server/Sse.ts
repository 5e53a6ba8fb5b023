/**
 * Server-sent events as text.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Stream from "effect/Stream"

/**
 * One event. `json` is on one line, as `JSON.stringify` writes it.
 *
 * @category formatting
 * @since 0.1.0
 */
export const frame = (event: string, json: string, id?: number): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`

/**
 * What is said last when the service stops before there is nothing more to say.
 *
 * @category constants
 * @since 0.1.0
 */
export const shutdown: string = frame(
  "shutdown",
  JSON.stringify({ message: "The service stops; follow the run again in a moment." })
)

/**
 * Answers with a stream of frames. Something is sent every 15 seconds, so that nobody in between takes the connection for
 * dead.
 *
 * @category responding
 * @since 0.1.0
 */
export const response = (frames: Stream.Stream<string>): HttpServerResponse.HttpServerResponse => {
  const kept = Stream.merge(frames, beats, { haltStrategy: "left" })
  return HttpServerResponse.stream(Stream.encodeText(Stream.concat(Stream.make(hello), kept)), {
    contentType: "text/event-stream",
    headers: { "x-accel-buffering": "no" }
  })
}

// internal

/** Sent at once, so that the headers are, too; and how soon to come back when the connection breaks off. */
const hello = "retry: 1000\n\n"

const beats = Stream.drop(
  Stream.map(Stream.tick("15 seconds"), () => ":\n\n"),
  1
)

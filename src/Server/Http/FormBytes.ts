/**
 * The bytes of a form for the parser of the platform, which relies on two things that a network does not promise: it has to see
 * a delimiter and the two hyphens of the last one in one piece, and it waits without an end for a last one that never comes.
 */
import { IncomingMessage } from "node:http"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** The form ends before its last delimiter. */
export class FormBroken extends Data.TaggedError("FormBroken") {}

/** The boundary of a form, from its content type. */
export const boundaryOf = (contentType: string): string | undefined => {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  return quoted ?? plain
}

/** The bytes of a request. Its connection stays open, so that the caller gets an answer. */
export const of = (request: HttpServerRequest.HttpServerRequest): Stream.Stream<Uint8Array, FormBroken> => {
  const { source } = request
  return source instanceof IncomingMessage
    ? NodeStream.fromReadable(
        () => source,
        () => new FormBroken(),
        { closeOnDone: false }
      )
    : Stream.mapError(request.stream, () => new FormBroken())
}

/** The same bytes, cut so that no delimiter is in two pieces. Fails at the end of a form without its last delimiter. */
export const whole =
  (boundary: string) =>
  <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E | FormBroken> =>
    Stream.suspend(() => {
      const cutter = makeCutter(boundary)
      const rest = Stream.suspend(() =>
        cutter.isComplete() ? Stream.make(cutter.rest()) : Stream.fail(new FormBroken())
      )
      return Stream.concat(
        Stream.filter(Stream.map(bytes, cutter.cut), (piece) => piece.length > 0),
        rest
      )
    })

/** {@link whole}, and the failure of the parser, or a defect in it, is one of the form. */
export const guarded = <A, E, R>(reading: Effect.Effect<A, E, R>): Effect.Effect<A, E | FormBroken, R> =>
  Effect.catchAllDefect(reading, () => new FormBroken())

// internal

const makeCutter = (boundary: string) => {
  const last = `\r\n--${boundary}--`
  let held: Uint8Array = Buffer.from("\r\n")
  let isFirst = true
  /** The end of what was read; an epilogue may follow the last delimiter. */
  let end = "\r\n"
  const take = (piece: Uint8Array): Uint8Array => {
    if (!isFirst) return piece
    isFirst = false
    // The parser adds the line break in front of the first delimiter itself.
    return piece.subarray(2)
  }
  return {
    cut: (chunk: Uint8Array): Uint8Array => {
      const data = Buffer.concat([held, chunk])
      end = (end + Buffer.from(chunk.subarray(-longestEnd)).toString("latin1")).slice(-longestEnd)
      const at = data.lastIndexOf(13)
      const cut = at === -1 || data.length - at >= last.length ? data.length : at
      held = data.subarray(cut)
      return cut === 0 ? empty : take(data.subarray(0, cut))
    },
    rest: (): Uint8Array => take(held),
    isComplete: () => end.includes(last)
  }
}

const empty = new Uint8Array(0)

const longestEnd = 4_096

/**
 * Reads the JSON body of a request within limits: it checks the declared length first, the real one while the body arrives,
 * and that of a compressed body while it expands. Only `application/json` in UTF-8 is accepted.
 */
import { IncomingMessage, type ServerResponse } from "node:http"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { InvalidRequest, PayloadTooLarge, UnsupportedMediaType } from "../../Contract/Errors.js"
import * as Response from "../Run/Response.js"
import * as SafeJson from "../Run/SafeJson.js"
import * as AnswerWriter from "./AnswerWriter.js"
import * as Compression from "./Compression.js"

export interface Limits {
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
}

export type BodyError = InvalidRequest | PayloadTooLarge | UnsupportedMediaType

/** Calls `onBody` with the parsed body or the error, unless the client disconnects. The returned function stops reading. */
export const receive = (
  request: IncomingMessage,
  limits: Limits,
  onBody: (body: Either.Either<SafeJson.Parsed, BodyError>) => void
): (() => void) => {
  const refusal = refusalOf(request, limits)
  if (refusal === undefined) {
    const encoding = encodingOf(request.headers)
    return read(request, limits.maxBodyBytes, (bytes) => {
      if (encoding === undefined || Either.isLeft(bytes)) return onBody(Either.flatMap(bytes, parse(limits)))
      expand(bytes.right, encoding, limits, onBody)
    })
  }
  onBody(Either.left(refusal))
  return () => {}
}

/** Reads and parses the body of a request of the platform, which may come from Node or from a web `Request`. */
export const readJson = (
  request: HttpServerRequest.HttpServerRequest,
  limits: Limits
): Effect.Effect<SafeJson.Parsed, BodyError> =>
  Effect.suspend(() => {
    const { source } = request
    if (source instanceof IncomingMessage && !source.readableEnded) {
      return Effect.async((resume) => {
        const stop = receive(source, limits, resume)
        return Effect.sync(stop)
      })
    }
    const refusal = refusalOf(request, limits)
    if (refusal !== undefined) return refusal
    const encoding = encodingOf(request.headers)
    return Effect.flatMap(collect(request, limits.maxBodyBytes), (bytes) =>
      encoding === undefined ? parse(limits)(bytes) : Effect.async((resume) => expand(bytes, encoding, limits, resume))
    )
  })

/**
 * The response to a request whose body is not taken. While an unread body still arrives from a socket, the response ends a
 * second later at most, because a socket that closes at once can destroy the response before the client has read it.
 */
export const refusal = (
  { source }: HttpServerRequest.HttpServerRequest,
  error: BodyError
): HttpServerResponse.HttpServerResponse => {
  const answer = Response.ofError(error)
  if (!(source instanceof IncomingMessage) || isWhole(source)) return Response.toResponse(answer)
  const body = Buffer.from(answer.body)
  const drained = Effect.timeoutOption(
    Effect.suspend(() => {
      source.resume()
      return ended(source)
    }),
    "1 second"
  )
  const { "content-type": contentType = "application/json", ...headers } = answer.headers
  return HttpServerResponse.stream(Stream.concat(Stream.make(body), Stream.drain(Stream.fromEffect(drained))), {
    status: answer.status,
    contentType,
    headers: { ...headers, connection: "close", "content-length": String(body.length) }
  })
}

/** True when the whole body has arrived, so that the connection can continue after the answer. */
export const isWhole = (request: IncomingMessage): boolean => request.readableEnded || request.complete

/** {@link refusal} on a response of Node's. */
export const refuse = (
  request: IncomingMessage,
  response: ServerResponse,
  answer: Response.Response
): Effect.Effect<void> =>
  Effect.suspend(() => {
    AnswerWriter.secure(response)
    response.writeHead(answer.status, {
      ...answer.headers,
      connection: "close",
      "content-length": Buffer.byteLength(answer.body)
    })
    response.write(answer.body)
    request.resume()
    return ended(request)
  }).pipe(Effect.timeoutOption("1 second"), Effect.ensuring(Effect.sync(() => response.end())), Effect.asVoid)

/** The refusal of a body over the limit. */
export const tooLarge = (maxBodyBytes: number): PayloadTooLarge =>
  new PayloadTooLarge({ message: `The body is larger than ${maxBodyBytes} bytes.`, maxBodyBytes })

// internal

const contentType = /^application\/json(\s*;\s*charset=("utf-8"|utf-8))?\s*$/i

interface BodyHeaders {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
  readonly "content-type"?: string | undefined
  readonly "content-encoding"?: string | undefined
  readonly "content-length"?: string | undefined
}

const refusalOf = (
  { headers }: { readonly headers: BodyHeaders },
  limits: Limits
): PayloadTooLarge | UnsupportedMediaType | undefined => {
  if (!contentType.test(headers["content-type"] ?? "")) {
    return new UnsupportedMediaType({ message: "Send the body as `Content-Type: application/json` in UTF-8." })
  }
  const encoding = encodingOf(headers)
  if (encoding !== undefined && !Compression.isKnown(encoding)) {
    return new UnsupportedMediaType({
      message: `Send the body with one of the encodings ${Compression.accepted}, or without Content-Encoding.`
    })
  }
  return Number(headers["content-length"] ?? 0) > limits.maxBodyBytes ? tooLarge(limits.maxBodyBytes) : undefined
}

/** The one encoding of a body. Several in a row are refused, because nothing sends them. */
const encodingOf = ({ "content-encoding": given }: BodyHeaders): string | undefined => {
  const encoding = given?.trim().toLowerCase()
  return encoding === "identity" || encoding === "" ? undefined : encoding
}

const parse =
  ({ maxJsonDepth }: Limits) =>
  (bytes: Uint8Array): Either.Either<SafeJson.Parsed, BodyError> =>
    SafeJson.parse(bytes, maxJsonDepth)

const expand = (
  bytes: Uint8Array,
  encoding: string,
  limits: Limits,
  onBody: (body: Either.Either<SafeJson.Parsed, BodyError>) => void
): void =>
  Compression.decompress(bytes, encoding, limits.maxBodyBytes, (expanded) =>
    onBody(
      Either.flatMap(
        Either.mapLeft(expanded, (fault) => (fault === "tooLarge" ? tooLarge(limits.maxBodyBytes) : damaged(encoding))),
        parse(limits)
      )
    )
  )

const damaged = (encoding: string): InvalidRequest =>
  new InvalidRequest({ message: `The body is not valid ${encoding}.`, issues: [] })

const read = (
  request: IncomingMessage,
  maxBytes: number,
  onBytes: (bytes: Either.Either<Buffer, PayloadTooLarge>) => void
): (() => void) => {
  const chunks: Array<Buffer> = []
  let size = 0
  const stop = () => {
    request.off("data", onData)
    request.off("end", onEnd)
  }
  const onData = (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxBytes) return void chunks.push(chunk)
    stop()
    chunks.length = 0
    onBytes(Either.left(tooLarge(maxBytes)))
  }
  const onEnd = () => onBytes(Either.right(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)))
  request.on("data", onData)
  request.on("end", onEnd)
  return stop
}

/** The whole body, counted chunk by chunk. A body that is missing or breaks off is empty or short, and so no JSON. */
const collect = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<Buffer, PayloadTooLarge> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    const take = (chunk: Uint8Array) => {
      size += chunk.length
      chunks.push(chunk)
      return size > maxBytes ? Effect.fail(tooLarge(maxBytes)) : Effect.void
    }
    return Stream.runForEach(request.stream, take).pipe(
      Effect.catchTag("RequestError", () => Effect.void),
      Effect.map(() => Buffer.concat(chunks, size))
    )
  })

const ended = (request: IncomingMessage): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (request.readableEnded || request.destroyed) return resume(Effect.void)
    const done = () => resume(Effect.void)
    request.once("end", done)
    request.once("close", done)
    return Effect.sync(() => {
      request.off("end", done)
      request.off("close", done)
    })
  })

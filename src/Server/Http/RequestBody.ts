/**
 * Reads the JSON body of a request within limits: the declared length is checked first, the real one while it streams
 * in, and only `application/json` in UTF-8 without compression is taken.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { type InvalidRequest, PayloadTooLarge, UnsupportedMediaType } from "../../Contract/Errors.js"
import * as NodeServer from "./NodeServer.js"
import type { Response } from "./Response.js"
import * as SafeJson from "./SafeJson.js"

/** What a body may be. */
export interface Limits {
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
}

/** Why a body is not taken. */
export type BodyError = InvalidRequest | PayloadTooLarge | UnsupportedMediaType

/**
 * Reads and parses the body and hands it over, or the reason it is not taken. A client that goes away before the end
 * never gets further than this. What it gives back stops reading.
 */
export const receive = (
  request: IncomingMessage,
  limits: Limits,
  onBody: (body: Either.Either<SafeJson.Parsed, BodyError>) => void
): (() => void) => {
  const refusal = refusalOf(request, limits)
  if (refusal === undefined) {
    return read(request, limits.maxBodyBytes, (bytes) =>
      onBody(Either.flatMap(bytes, (whole) => SafeJson.parse(whole, limits.maxJsonDepth)))
    )
  }
  onBody(Either.left(refusal))
  return () => {}
}

/** {@link receive} as an effect. */
export const readJson = (request: IncomingMessage, limits: Limits): Effect.Effect<SafeJson.Parsed, BodyError> =>
  Effect.async((resume) => {
    const stop = receive(request, limits, resume)
    return Effect.sync(stop)
  })

/** Whether the body has arrived to its end, so that the connection can go on after the answer. */
export const isWhole = (request: IncomingMessage): boolean => request.readableEnded || request.complete

/**
 * Answers a request whose body is not read to its end, and closes the connection. What still arrives is thrown away
 * for a second at most, because closing at once could destroy the answer before the client has read it.
 */
export const refuse = (request: IncomingMessage, response: ServerResponse, answer: Response): Effect.Effect<void> =>
  Effect.suspend(() => {
    NodeServer.secure(response)
    response.writeHead(answer.status, {
      ...answer.headers,
      connection: "close",
      "content-length": Buffer.byteLength(answer.body)
    })
    response.write(answer.body)
    request.resume()
    return ended(request)
  }).pipe(Effect.timeoutOption("1 second"), Effect.ensuring(Effect.sync(() => response.end())), Effect.asVoid)

// internal

const contentType = /^application\/json(\s*;\s*charset=("utf-8"|utf-8))?\s*$/i

const refusalOf = (
  { headers }: IncomingMessage,
  limits: Limits
): PayloadTooLarge | UnsupportedMediaType | undefined => {
  if (!contentType.test(headers["content-type"] ?? "")) {
    return new UnsupportedMediaType({ message: "Send the body as `Content-Type: application/json` in UTF-8." })
  }
  if ((headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    return new UnsupportedMediaType({ message: "Send the body without Content-Encoding; compression is not taken." })
  }
  return Number(headers["content-length"] ?? 0) > limits.maxBodyBytes ? tooLarge(limits.maxBodyBytes) : undefined
}

const tooLarge = (maxBodyBytes: number): PayloadTooLarge =>
  new PayloadTooLarge({ message: `The body is larger than ${maxBodyBytes} bytes.`, maxBodyBytes })

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

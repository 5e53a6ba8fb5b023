/**
 * Reads the JSON body of a request within limits: the declared length is checked first, the real one while it streams
 * in, and only `application/json` in UTF-8 without compression is taken.
 *
 * @since 0.1.0
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import { type InvalidRequest, PayloadTooLarge, UnsupportedMediaType } from "../Errors/Http.js"
import type { Answer } from "./Answer.js"
import * as JsonText from "./JsonText.js"

/**
 * What a body may be.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
}

/**
 * Reads and parses the body. A client that goes away before the end never gets further than this: the caller's fiber
 * is interrupted.
 *
 * @category decoding
 * @since 0.1.0
 */
export const readJson = (
  request: IncomingMessage,
  limits: Limits
): Effect.Effect<unknown, InvalidRequest | PayloadTooLarge | UnsupportedMediaType> =>
  Effect.suspend(() => refusalOf(request, limits)).pipe(
    Effect.zipRight(read(request, limits.maxBodyBytes)),
    Effect.flatMap((bytes) => JsonText.parse(bytes, limits.maxJsonDepth))
  )

/**
 * Answers a request whose body is not read to its end, and closes the connection. What still arrives is thrown away
 * for a second at most, because closing at once could destroy the answer before the client has read it.
 *
 * @category responding
 * @since 0.1.0
 */
export const refuse = (request: IncomingMessage, response: ServerResponse, answer: Answer): Effect.Effect<void> =>
  Effect.suspend(() => {
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
  request: IncomingMessage,
  limits: Limits
): Effect.Effect<void, PayloadTooLarge | UnsupportedMediaType> => {
  const { headers } = request
  if (!contentType.test(headers["content-type"] ?? "")) {
    return new UnsupportedMediaType({ message: "Send the body as `Content-Type: application/json` in UTF-8." })
  }
  if ((headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    return new UnsupportedMediaType({ message: "Send the body without Content-Encoding; compression is not taken." })
  }
  return Number(headers["content-length"] ?? 0) > limits.maxBodyBytes ? tooLarge(limits.maxBodyBytes) : Effect.void
}

const tooLarge = (maxBodyBytes: number): PayloadTooLarge =>
  new PayloadTooLarge({ message: `The body is larger than ${maxBodyBytes} bytes.`, maxBodyBytes })

const read = (request: IncomingMessage, maxBytes: number): Effect.Effect<Buffer, PayloadTooLarge> =>
  Effect.async((resume) => {
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
      resume(Effect.fail(tooLarge(maxBytes)))
    }
    const onEnd = () => {
      stop()
      resume(Effect.succeed(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size)))
    }
    request.on("data", onData)
    request.on("end", onEnd)
    return Effect.sync(stop)
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

/** Responses of the platform whose bodies are bytes, in memory or read as their callers take them. */
import { IncomingMessage } from "node:http"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ByteSource from "../Run/Artifacts/ByteSource.js"
import type * as Response from "../Run/Response.js"
import * as Slices from "./Slices.js"

type Request = HttpServerRequest.HttpServerRequest

interface Options {
  readonly status?: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string
}

/** The response with the bytes of a source. A caller that takes nothing for a while is disconnected. */
export const respond = (
  request: Request,
  source: ByteSource.ByteSource,
  options: Options
): HttpServerResponse.HttpServerResponse =>
  source._tag === "Memory"
    ? HttpServerResponse.uint8Array(source.bytes, options)
    : HttpServerResponse.stream(guarded(request, ByteSource.streamOf(source)), {
        ...options,
        contentLength: source.size
      })

/** The response of an answer with content. */
export const ofAnswer = (
  request: Request,
  { headers: own, status, timing }: Response.Response,
  content: Response.Content
): HttpServerResponse.HttpServerResponse => {
  const { "content-type": contentType, ...headers } = { ...own, ...content.headers }
  const response = respond(request, content.source, { status, headers, contentType })
  return timing === undefined ? response : HttpServerResponse.setHeader(response, "server-timing", timing)
}

// internal

/** The platform would end the response of bytes that cannot be read, and its caller would wait for the rest. */
const guarded = (request: Request, bytes: Stream.Stream<Uint8Array, unknown>): Stream.Stream<Uint8Array, unknown> => {
  if (!(request.source instanceof IncomingMessage)) return bytes
  const response = NodeHttpServerRequest.toServerResponse(request)
  Slices.limit(response)
  return Stream.tapErrorCause(bytes, () => Effect.sync(() => response.destroy()))
}

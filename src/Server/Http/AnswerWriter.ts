/** Writes answers: headers, bytes and files, compressed where that is worth it. */
import type * as Http from "node:http"
import * as ByteSource from "../Run/Artifacts/ByteSource.js"
import * as Answer from "../Run/Response.js"
import * as Compression from "./Compression.js"
import * as RequestId from "./RequestId.js"
import * as ResponseHeaders from "./ResponseHeaders.js"
import * as Slices from "./Slices.js"

/** Writes an answer. */
export const send = (request: Http.IncomingMessage, response: Http.ServerResponse, answer: Answer.Response): void =>
  answer.content === undefined
    ? write(request, response, answer, answer.body, [])
    : sendContent(request, response, answer)

/** Writes an answer, compressed if that is worth it and the caller accepts it. */
export const sendCompressed = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  answer: Answer.Response
): void => {
  if (answer.content !== undefined) return void sendContent(request, response, answer)
  const isShort = answer.body.length < Compression.leastBytes
  const encoding = isShort ? undefined : Compression.encodingFor(request.headers["accept-encoding"])
  if (encoding === undefined) write(request, response, answer, answer.body, isShort ? [] : varied)
  else {
    Compression.compress(answer.body, encoding, (bytes) => {
      if (!response.destroyed) write(request, response, answer, bytes, [...varied, "content-encoding", encoding])
    })
  }
}

/** Sets the headers of every answer and the id of the request on a response that something else writes. */
export const secure = (response: Http.ServerResponse): void => {
  for (const [name, value] of ResponseHeaders.of(response).headers) response.setHeader(name, value)
  response.setHeader(RequestId.header, RequestId.of(response.req, response.req.headers))
}

// internal

/** Writes the bytes of an answer, or its JSON if its caller accepts nothing else. */
const sendContent = (request: Http.IncomingMessage, response: Http.ServerResponse, answer: Answer.Response): void => {
  const { content } = Answer.negotiated(answer, request.headers.accept)
  if (content === undefined) return void write(request, response, answer, answer.body, variedByType)
  const { headers, source } = content
  const described = { ...answer, headers: { ...answer.headers, ...headers } }
  if (source._tag === "Memory") return void write(request, response, described, source.bytes, variedByType)
  writeHead(request, response, described, source.size, variedByType)
  Slices.pipe(response, ByteSource.streamOf(source))
}

const variedByType = ["vary", "accept"]

const varied = ["vary", "accept-encoding"]

const write = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  answer: Answer.Response,
  body: string | Uint8Array,
  more: ReadonlyArray<string>
): void => {
  writeHead(request, response, answer, Buffer.byteLength(body), more)
  if (request.method === "HEAD") response.end()
  else if (body.length <= Slices.length) response.end(body)
  else Slices.write(response, body)
}

const writeHead = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  answer: Answer.Response,
  bytes: number,
  more: ReadonlyArray<string>
): void => {
  const { flat, json } = ResponseHeaders.of(response)
  const headers = answer.headers === Answer.json ? json.slice() : flat.concat(Object.entries(answer.headers).flat())
  headers.push(RequestId.header, RequestId.of(request, request.headers))
  if (answer.status !== 204) headers.push("content-length", String(bytes))
  if (more.length > 0) headers.push(...more)
  if (answer.timing !== undefined) headers.push("server-timing", answer.timing)
  if (hasUnreadBody(request)) headers.push("connection", "close")
  response.writeHead(answer.status, headers)
}

const hasUnreadBody = (request: Http.IncomingMessage): boolean => !request.complete && isLong(request)

const isLong = (request: Http.IncomingMessage): boolean =>
  request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 65_536

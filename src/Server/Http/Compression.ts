/** Compression of requests and responses: Brotli, gzip, and deflate for requests. Node's threads do the work. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { memoize } from "../../Internal/Memoize.js"

/** The encoding of a compressed response. */
export type Encoding = "br" | "gzip"

/** Shorter responses fit into one packet as they are. */
export const leastBytes = 1_024

/** The best encoding that a caller accepts: Brotli, if it does not rate gzip higher. */
export const encodingFor = (acceptEncoding: string | undefined): Encoding | undefined => {
  if (acceptEncoding === undefined || acceptEncoding === "") return undefined
  const qualities = qualitiesOf(acceptEncoding)
  const qualityOf = (name: string) => qualities.get(name) ?? qualities.get("*") ?? 0
  const br = qualityOf("br")
  const gzip = Math.max(qualityOf("gzip"), qualities.get("x-gzip") ?? 0)
  if (br === 0 && gzip === 0) return undefined
  return br >= gzip ? "br" : "gzip"
}

/** Compresses a text and calls back on a later turn. */
export const compress = (text: string | Uint8Array, encoding: Encoding, onBytes: (bytes: Uint8Array) => void): void => {
  const { brotliCompress, constants, gzip } = zlib()
  const done = (error: Error | null, bytes: Uint8Array) => {
    if (error !== null) throw error
    onBytes(bytes)
  }
  if (encoding === "gzip") gzip(text, { level: 6 }, done)
  else brotliCompress(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }, done)
}

/** The reason that a compressed body is refused. */
export type Fault = "tooLarge" | "damaged"

/** True for the encodings of {@link decompress}. */
export const isKnown = (encoding: string): boolean => decompressors.has(encoding)

/** Encodings that a request may have, as a header of the answer to another one. */
export const accepted = "br, gzip, deflate"

/**
 * Decompresses a body and calls back on a later turn. It stops at the limit, so a small body that expands without end costs
 * no more than a large one.
 */
export const decompress = (
  bytes: Uint8Array,
  encoding: string,
  maxBytes: number,
  onBytes: (bytes: Either.Either<Buffer, Fault>) => void
): void => {
  const decompressor = decompressors.get(encoding)?.()
  if (decompressor === undefined) onBytes(Either.left("damaged"))
  else {
    decompressor(bytes, { maxOutputLength: maxBytes }, (error, whole) => {
      if (error === null) onBytes(Either.right(whole))
      else onBytes(Either.left(codeOf(error) === "ERR_BUFFER_TOO_LARGE" ? "tooLarge" : "damaged"))
    })
  }
}

/** A response of the platform, compressed if that is worth it and the caller accepts it. */
export const compressed = (
  response: HttpServerResponse.HttpServerResponse,
  acceptEncoding: string | undefined
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const { body } = response
  if (body._tag !== "Uint8Array" || body.body.length < leastBytes || !isText(body.contentType)) {
    return Effect.succeed(response)
  }
  if (response.headers["content-encoding"] !== undefined) return Effect.succeed(response)
  const { vary } = response.headers
  const varied = HttpServerResponse.setHeader(
    response,
    "vary",
    vary === undefined ? "accept-encoding" : `${vary}, accept-encoding`
  )
  const encoding = encodingFor(acceptEncoding)
  if (encoding === undefined) return Effect.succeed(varied)
  return Effect.async((resume) =>
    compress(body.body, encoding, (bytes) =>
      resume(
        Effect.succeed(
          HttpServerResponse.uint8Array(bytes, {
            status: response.status,
            headers: { ...varied.headers, "content-encoding": encoding },
            contentType: body.contentType
          })
        )
      )
    )
  )
}

// internal

/** Loaded with the first body that needs it: a start does not. */
const zlib = memoize(() => process.getBuiltinModule("node:zlib"))

type Decompressor = (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number },
  onEnd: (error: Error | null, whole: Buffer) => void
) => void

const decompressors: ReadonlyMap<string, () => Decompressor> = new Map([
  ["br", () => zlib().brotliDecompress],
  ["gzip", () => zlib().gunzip],
  ["x-gzip", () => zlib().gunzip],
  ["deflate", () => zlib().inflate]
])

const codeOf = (error: NodeJS.ErrnoException): string | undefined => error.code

const isText = (contentType: string): boolean => /^(text\/|application\/(json|.*\+json)|image\/svg)/.test(contentType)

const qualitiesOf = (acceptEncoding: string): ReadonlyMap<string, number> =>
  new Map(
    acceptEncoding.split(",").map((element) => {
      const [name = "", ...parameters] = element.split(";").map((part) => part.trim().toLowerCase())
      const quality = parameters.find((parameter) => parameter.startsWith("q="))
      const number = quality === undefined ? 1 : Number(quality.slice(2))
      return [name, Number.isFinite(number) ? number : 0]
    })
  )

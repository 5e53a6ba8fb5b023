/** The endpoints of artifacts. */
import type * as Headers from "@effect/platform/Headers"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as BinaryOutput from "../Run/Artifacts/BinaryOutput.js"
import * as ByteSource from "../Run/Artifacts/ByteSource.js"
import { RunArtifacts } from "../Run/Artifacts/RunArtifacts.js"
import * as Bytes from "./Bytes.js"
import type { Contract } from "./SessionHandlers.js"
import * as Range from "./Static/Range.js"

/** Implements the endpoints. A content never changes, so callers may keep it as long as they like. */
export const layer = (api: Contract) =>
  HttpApiBuilder.group(api, "artifacts", (handlers) =>
    Effect.gen(function* () {
      const { list, output, read } = yield* RunArtifacts
      return handlers
        .handle("list", ({ path: { id } }) => list(id))
        .handleRaw("get", ({ path: { id, step }, request }) =>
          Effect.map(read(id, step), ({ artifact, bytes }) => {
            const etag = `"${artifact.digest}"`
            const headers = { etag, "cache-control": immutable }
            return matches(request.headers["if-none-match"], etag)
              ? HttpServerResponse.empty({ status: 304, headers })
              : HttpServerResponse.uint8Array(bytes, { headers, contentType: artifact.contentType })
          })
        )
        .handleRaw("output", ({ path: { id }, request }) =>
          Effect.map(output(id), ({ reference, source }) => {
            const { headers: own } = BinaryOutput.contentOf(reference, source)
            const { "content-type": contentType, ...described } = own
            const headers = { ...described, "cache-control": immutable, "accept-ranges": "bytes" }
            if (matches(request.headers["if-none-match"], described["etag"] ?? "")) {
              return HttpServerResponse.empty({ status: 304, headers })
            }
            const size = ByteSource.sizeOf(source)
            const part = rangeOf(request.headers, described["etag"], size)
            if (part === "none") {
              return HttpServerResponse.empty({
                status: 416,
                headers: { ...headers, "content-range": `bytes */${size}` }
              })
            }
            if (part === undefined) return Bytes.respond(request, source, { headers, contentType })
            const range = `bytes ${part.start}-${part.start + part.length - 1}/${size}`
            return Bytes.respond(request, ByteSource.partOf(source, part), {
              status: 206,
              headers: { ...headers, "content-range": range },
              contentType
            })
          })
        )
    })
  )

// internal

const immutable = "private, max-age=31536000, immutable"

/** The part that a caller asks for. One with the tag of another content asks for the whole (RFC 9110). */
const rangeOf = (headers: Headers.Headers, etag: string | undefined, bytes: number) => {
  const condition = headers["if-range"]
  return condition === undefined || condition === etag ? Range.of(headers["range"], bytes) : undefined
}

/** True if the caller has the content already (RFC 9110, weak comparison). */
const matches = (given: string | undefined, etag: string): boolean =>
  (given ?? "").split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag)

/** The endpoints of artifacts. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { RunArtifacts } from "../Run/RunArtifacts.js"
import type { Contract } from "./SessionHandlers.js"

/** Implements the endpoints. A content never changes, so callers may keep it as long as they like. */
export const layer = (api: Contract) =>
  HttpApiBuilder.group(api, "artifacts", (handlers) =>
    Effect.gen(function* () {
      const { list, read } = yield* RunArtifacts
      return handlers
        .handle("list", ({ path: { id } }) => list(id))
        .handleRaw("get", ({ path: { id, step }, request }) =>
          Effect.map(read(id, step), ({ artifact, bytes }) => {
            const etag = `"${artifact.digest}"`
            const headers = { etag, "cache-control": "private, max-age=31536000, immutable" }
            return matches(request.headers["if-none-match"], etag)
              ? HttpServerResponse.empty({ status: 304, headers })
              : HttpServerResponse.uint8Array(bytes, { headers, contentType: artifact.contentType })
          })
        )
    })
  )

// internal

/** True if the caller has the content already (RFC 9110, weak comparison). */
const matches = (given: string | undefined, etag: string): boolean =>
  (given ?? "").split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag)

/**
 * The script of a page: a Brotli file beside the program, so that it costs nothing before the first request for it. A bundle
 * and an image contain the files that the package has in this folder.
 */
import { fileURLToPath } from "node:url"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import { NotFound } from "../../Contract/Errors.js"

/** A request answered with the document of a page, or with its script if the query is `?script`. */
export type Page = (
  request: HttpServerRequest.HttpServerRequest
) => Effect.Effect<HttpServerResponse.HttpServerResponse, NotFound>

/** Makes a page of its document and the place of its script. */
export const page =
  (script: () => URL) =>
  (document: HttpServerResponse.HttpServerResponse): Page =>
  (request) =>
    request.url.includes("?script=")
      ? respond(script, request.headers["accept-encoding"] ?? "")
      : Effect.succeed(document)

// internal

const respond = (script: () => URL, accepted: string): Effect.Effect<HttpServerResponse.HttpServerResponse, NotFound> =>
  Effect.flatMap(read(script), (packed) =>
    /\bbr\b/.test(accepted)
      ? Effect.succeed(responseOf(packed, { "content-encoding": "br" }))
      : Effect.map(unpack(packed), (text) => responseOf(text, {}))
  )

/** Each request reads the file again: unpacked, the script of the API reference has 1.8 MB. */
const read = (script: () => URL): Effect.Effect<Uint8Array, NotFound> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* fs.readFile(yield* Effect.try(() => fileURLToPath(script())))
  }).pipe(Effect.mapError(missing), Effect.provide(NodeFileSystem.layer))

const missing = (): NotFound =>
  new NotFound({
    message:
      "The script of this page is not beside the program. Copy the files dist/Server/Pages/*.js.br of the package effect-deployers into the program's folder."
  })

const responseOf = (body: Uint8Array, headers: Readonly<Record<string, string>>) =>
  HttpServerResponse.uint8Array(body, {
    contentType: "text/javascript; charset=utf-8",
    headers: { ...headers, vary: "accept-encoding", "cache-control": "private, max-age=31536000, immutable" }
  })

const unpack = (packed: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.flatMap(
    Effect.promise(() => import("node:zlib")),
    ({ brotliDecompress }) =>
      Effect.async((resume) =>
        brotliDecompress(packed, (error, text) => resume(error === null ? Effect.succeed(text) : Effect.die(error)))
      )
  )

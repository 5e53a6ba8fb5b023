/** Serves the files of a folder, such as a built single-page app. */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { NotFound } from "../../../Contract/Errors.js"
import type { StaticFiles } from "../../../Settings/StaticFiles.js"
import * as Response from "../../Run/Response.js"
import * as Compression from "../Compression.js"
import * as Contents from "./Contents.js"
import * as ContentType from "./ContentType.js"
import * as Find from "./Find.js"
import * as Range from "./Range.js"

/** The folder of the setting `static` is not there. */
export class StaticFolderMissing extends Schema.TaggedError<StaticFolderMissing>()("StaticFolderMissing", {
  folder: Schema.String
}) {
  override get message(): string {
    return `static.folder: there is no folder ${this.folder}; build the files before the service starts, or correct the setting.`
  }
}

/** The settings of files, and where they are. */
export interface Options {
  readonly files: StaticFiles
  /** The setting `rootUrlPath`. */
  readonly rootUrlPath: string
  readonly compression: boolean
}

/** Makes the app of a folder, which is relative to the working directory. */
export const make = (
  options: Options
): Effect.Effect<HttpApp.Default<unknown>, StaticFolderMissing, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { files, rootUrlPath } = options
    const folder = NodePath.resolve(files.folder)
    const fs = yield* FileSystem.FileSystem
    const context = Context.make(FileSystem.FileSystem, fs)
    const root = yield* Effect.mapError(fs.realPath(folder), () => new StaticFolderMissing({ folder }))
    const prefix = `${rootUrlPath}${files.path}`.replace(/\/+$/, "")
    const send = sender(options, Contents.make())
    const respond = (request: HttpServerRequest.HttpServerRequest) =>
      Effect.gen(function* () {
        const [whole = "/", query] = request.url.split(/\?(.*)/s)
        const path = whole.slice(prefix.length)
        const found = yield* Find.find(root, path === "" ? "/" : path)
        if (Option.isSome(found)) {
          if (found.value._tag === "File") return yield* send(request, found.value)
          return redirect(`${whole}/${query === undefined ? "" : `?${query}`}`)
        }
        if (files.fallback === false || !isNavigation(request)) return notFound
        const fallback = yield* Find.fileAt(root, NodePath.join(root, files.fallback))
        return Option.isSome(fallback) ? yield* send(request, fallback.value) : notFound
      })
    return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Effect.interruptible(Effect.provide(respond(request), context))
    )
  })

/** True for a name with a digest in it, as bundlers write them: the content of such a name never changes. */
export const isHashed = (name: string): boolean => {
  const [, digest = ""] = /[.-]([A-Za-z0-9_]{8,64}|[A-Za-z0-9_-]{8})\.[a-z0-9]+(?:\.map)?$/.exec(name) ?? []
  const isHex = /^[0-9a-f]+$/.test(digest)
  const isMixed = /[0-9]/.test(digest) ? /[A-Za-z]/.test(digest) : /[a-z]/.test(digest) && /[A-Z].*[A-Z]/.test(digest)
  return isMixed && (isHex || digest.length === 8 || digest.length >= 16)
}

// internal

const usualPolicy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'self'"
].join("; ")

const forGood = "public, max-age=31536000, immutable"

type Request = HttpServerRequest.HttpServerRequest

const sender = ({ compression, files }: Options, contents: Contents.Contents) => {
  const policy = files.contentSecurityPolicy === true ? usualPolicy : files.contentSecurityPolicy
  return (request: Request, found: Find.Found) =>
    Effect.gen(function* () {
      const type = ContentType.of(found.name)
      const isCompressible = compression && ContentType.isCompressible(type) && found.bytes <= Contents.mostBytes
      const range = rangeOf(request, found, yield* contents.digest(found))
      const encoding =
        isCompressible && found.bytes >= Compression.leastBytes && range === undefined
          ? Compression.encodingFor(request.headers["accept-encoding"])
          : undefined
      const tag = tagOf(yield* contents.digest(found), encoding)
      const headers = {
        etag: tag,
        "cache-control": files.immutable && isHashed(found.name) ? forGood : "no-cache",
        "accept-ranges": "bytes",
        ...(isCompressible ? { vary: "accept-encoding" } : {}),
        ...(policy === false ? {} : { "content-security-policy": policy })
      }
      if (isKnown(request.headers["if-none-match"], tag)) return HttpServerResponse.empty({ status: 304, headers })
      if (range === "none") {
        return HttpServerResponse.empty({
          status: 416,
          headers: { ...headers, "content-range": `bytes */${found.bytes}` }
        })
      }
      if (encoding !== undefined) {
        const body = yield* contents.compressed(found, encoding)
        return HttpServerResponse.uint8Array(body, {
          contentType: type,
          headers: { ...headers, "content-encoding": encoding }
        })
      }
      return yield* streamed(found, type, headers, range)
    })
}

/** The whole file, or a part of it. */
const streamed = (
  found: Find.Found,
  contentType: string,
  headers: Readonly<Record<string, string>>,
  range: Range.Part | undefined
) =>
  Effect.map(FileSystem.FileSystem, (fs) => {
    const { length, start } = range ?? { start: 0, length: found.bytes }
    const body = fs.stream(found.file, { offset: FileSystem.Size(start), bytesToRead: FileSystem.Size(length) })
    return HttpServerResponse.stream(body, {
      status: range === undefined ? 200 : 206,
      contentType,
      contentLength: length,
      headers:
        range === undefined
          ? headers
          : { ...headers, "content-range": `bytes ${start}-${start + length - 1}/${found.bytes}` }
    })
  })

const tagOf = (digest: string, encoding?: string): string =>
  `"${digest}${encoding === undefined ? "" : `-${encoding}`}"`

/** The asked part, unless the caller has another version of the file. */
const rangeOf = ({ headers, method }: Request, { bytes }: Find.Found, digest: string) => {
  const condition = headers["if-range"]
  const isCurrent = condition === undefined || condition === tagOf(digest)
  return method === "GET" && isCurrent ? Range.of(headers["range"], bytes) : undefined
}

const isKnown = (ifNoneMatch: string | undefined, tag: string): boolean =>
  ifNoneMatch?.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === tag) === true

/** A browser opens a page: nothing else gets one in the place of a file that is not there. */
const isNavigation = ({ headers }: Request): boolean => {
  const mode = headers["sec-fetch-mode"]
  return mode === undefined ? headers["accept"]?.includes("text/html") === true : mode === "navigate"
}

const redirect = (location: string) =>
  HttpServerResponse.empty({ status: 308, headers: { location: location.replace(/^\/+/, "/") } })

const notFound = Response.toResponse(
  Response.ofError(new NotFound({ message: "There is no such file on this service." }))
)

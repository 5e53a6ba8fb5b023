/** Operations on images. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Archive, Images } from "./Contract.js"
import type { Credentials } from "./Credentials.js"
import { command, type EngineRequests, filters, openBody, read, uploading } from "./EngineRequests.js"
import {
  type ChangeError,
  EngineError,
  ImageBuildFailed,
  ImageInUse,
  ImageLoadFailed,
  ImageNotFound,
  SpecRejected
} from "./Errors.js"
import { answered, type Problem } from "./Progress.js"
import * as RegistryImages from "./RegistryImages.js"
import { HistoryEntry, InspectedImage, ListedImage, toImage, toImageSummary } from "./ResourceDecoders.js"
import type { BuildOptions, ImageProgress } from "./Resources.js"
import type { Request } from "./Transport.js"

export const make = (engine: EngineRequests, credentials: Credentials): Images => ({
  inspect: (image) =>
    Effect.map(
      read(
        engine,
        { operation: "inspect an image", resource: image, method: "GET", path: at(image, "/json") },
        InspectedImage,
        notFound(image)
      ),
      toImage
    ),
  history: (image) =>
    read(
      engine,
      { operation: "read the history of an image", resource: image, method: "GET", path: at(image, "/history") },
      Schema.Array(HistoryEntry),
      notFound(image)
    ),
  list: (labels) =>
    Effect.map(
      read(
        engine,
        { operation: "list images", method: "GET", path: "/images/json", query: { filters: filters(labels) } },
        Schema.Array(ListedImage)
      ),
      (listed) => listed.map(toImageSummary)
    ),
  tag: tagWith(engine),
  remove: (image, { force = false } = {}) =>
    command(
      engine,
      { operation: "remove an image", resource: image, method: "DELETE", path: at(image, ""), query: { force } },
      { 409: (reason) => new ImageInUse({ image, reason }) },
      [404]
    ),
  load: (archive) => uploadingProgress(engine, loadRequest, archive, ({ reason }) => new ImageLoadFailed({ reason })),
  import: importWith(engine),
  build: buildWith(engine),
  ...RegistryImages.make(engine, credentials),
  save: (image) =>
    Stream.unwrapScoped(
      openBody(
        engine,
        { operation: "save an image", resource: image, method: "GET", path: at(image, "/get") },
        notFound(image)
      )
    )
})

const notFound = (image: string) => ({ 404: () => new ImageNotFound({ image }) })

/** A name may have slashes and a colon, which stand as they are in the path. */
const at = (image: string, action: string): string =>
  `/images/${image.split("/").map(encodeURIComponent).join("/").replaceAll("%3A", ":").replaceAll("%40", "@")}${action}`

/** `registry:5000/team/app:7` is `registry:5000/team/app` and `7`. */
const splitName = (name: string): { readonly repo: string; readonly tag: string | undefined } => {
  const colon = name.lastIndexOf(":")
  return colon > name.lastIndexOf("/")
    ? { repo: name.slice(0, colon), tag: name.slice(colon + 1) }
    : { repo: name, tag: undefined }
}

const isName = /^[a-z0-9]([a-zA-Z0-9.-]*(:\d+)?\/)?[a-z0-9._/-]*(:[\w][\w.-]{0,127})?$/

const tagWith =
  (engine: EngineRequests): Images["tag"] =>
  (image, name): ReturnType<Images["tag"]> => {
    const operation = `give an image the name "${name}"`
    if (!isName.test(name)) {
      const reason = "it is not lower-case letters, digits, dots, hyphens and slashes, with a tag after a colon"
      return new SpecRejected({ operation, reason })
    }
    const { repo, tag } = splitName(name)
    const request: Request = {
      operation: "tag an image",
      resource: image,
      method: "POST",
      path: at(image, "/tag"),
      query: { repo, tag }
    }
    return command(engine, request, {
      400: (reason): Effect.Effect<never, SpecRejected | ImageNotFound> => new SpecRejected({ operation, reason }),
      404: () => new ImageNotFound({ image })
    })
  }

const loadRequest: Request = {
  operation: "load an image",
  method: "POST",
  path: "/images/load",
  query: { quiet: false },
  deadline: "none"
}

const importWith =
  (engine: EngineRequests): Images["import"] =>
  (archive, { changes, message, tag } = {}) => {
    const name = tag === undefined ? undefined : splitName(tag)
    const request: Request = {
      operation: "import an image",
      ...(tag === undefined ? {} : { resource: tag }),
      method: "POST",
      path: "/images/create",
      query: { fromSrc: "-", repo: name?.repo, tag: name?.tag, changes, message },
      deadline: "none"
    }
    return uploadingProgress(engine, request, archive, ({ reason }) => new ImageLoadFailed({ reason })).pipe(
      Stream.filterMap((event) =>
        event._tag === "Message" && event.text.startsWith("sha256:") ? Option.some(event.text) : Option.none()
      ),
      Stream.runLast,
      Effect.flatMap(
        Option.match({
          onNone: () =>
            Effect.fail(new EngineError({ operation: request.operation, reason: "its answer has no image id" })),
          onSome: Effect.succeed
        })
      )
    )
  }

const buildWith =
  (engine: EngineRequests): Images["build"] =>
  (context, options = {}) =>
    Stream.unwrap(
      Effect.sync(() => {
        const log: Array<string> = []
        const failure = ({ exitCode, reason }: Problem) =>
          new ImageBuildFailed({ reason, log: log.slice(-20), ...(exitCode === undefined ? {} : { exitCode }) })
        return uploadingProgress(engine, buildRequest(options), context, failure).pipe(
          Stream.tap((event) =>
            Effect.sync(() => {
              if (event._tag !== "Message") return
              log.push(event.text)
              if (log.length > 20) log.shift()
            })
          )
        )
      })
    )

const buildRequest = (options: BuildOptions): Request => ({
  operation: "build an image",
  ...(options.tags?.[0] === undefined ? {} : { resource: options.tags[0] }),
  method: "POST",
  path: "/build",
  query: {
    t: options.tags,
    dockerfile: options.dockerfile,
    labels: options.labels && JSON.stringify(options.labels),
    buildargs: options.buildArguments && JSON.stringify(options.buildArguments),
    target: options.target,
    platform: options.platform,
    pull: options.pull === true ? true : undefined,
    nocache: options.noCache,
    networkmode: options.network,
    rm: true,
    forcerm: true
  },
  deadline: "none"
})

const uploadingProgress = <E, R, F>(
  engine: EngineRequests,
  request: Request,
  archive: Archive<E, R>,
  failure: (problem: Problem) => F
): Stream.Stream<ImageProgress, E | F | ChangeError, R> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const { orSource, readable } = yield* uploading(archive)
      const events = yield* Effect.catchAll(answered(engine, request, failure, readable), orSource)
      return Stream.catchAll(events, (error) => Stream.fromEffect(orSource(error)))
    })
  )

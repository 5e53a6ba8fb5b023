/** Reads archives as far as the engine that runs nothing needs them. */
import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { extract } from "tar-stream"
import type { Archive } from "../../Docker/Client/Contract.js"
import { Labels, Text, Texts } from "../../Docker/Client/Decoders.js"

/**
 * All bytes of an archive.
 *
 * @category operations
 * @since 0.1.0
 */
export const bytesOf = <E, R>(archive: Archive<E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.map(Stream.runCollect(archive), (pieces) => Buffer.concat(Array.from(pieces)))

/**
 * One file or folder of an archive.
 *
 * @category models
 * @since 0.1.0
 */
export interface ArchivedFile {
  readonly path: string
  /** None of a folder. */
  readonly content: Uint8Array | undefined
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * The files and folders of an archive, in its order; none if the bytes are not an archive.
 *
 * @category operations
 * @since 0.1.0
 */
export const entriesOf = (archive: Uint8Array): Effect.Effect<ReadonlyArray<ArchivedFile>> =>
  Effect.async((resume) => {
    const entries: Array<ArchivedFile> = []
    const reader = extract()
    reader.on("entry", ({ gid = 0, mode = 0, name, type, uid = 0 }, stream, next) => {
      const pieces: Array<Uint8Array> = []
      stream.on("data", (piece) => {
        if (piece instanceof Uint8Array) pieces.push(piece)
      })
      stream.on("end", () => {
        const path = name.replace(/^\.\//, "").replace(/\/$/, "")
        if (type === "file") entries.push({ path, content: Buffer.concat(pieces), mode, uid, gid })
        if (type === "directory") entries.push({ path, content: undefined, mode, uid, gid })
        next()
      })
    })
    reader.once("finish", () => resume(Effect.succeed(entries)))
    reader.once("error", () => resume(Effect.succeed([])))
    reader.end(archive)
  })

/**
 * The files of an archive by path; none if the bytes are not an archive.
 *
 * @category operations
 * @since 0.1.0
 */
export const filesOf = (archive: Uint8Array): Effect.Effect<ReadonlyMap<string, Uint8Array>> =>
  Effect.map(
    entriesOf(archive),
    (entries) => new Map(entries.flatMap(({ content, path }) => (content === undefined ? [] : [[path, content]])))
  )

/**
 * `sha256:` and the digest of some bytes.
 *
 * @category accessors
 * @since 0.1.0
 */
export const digest = (bytes: Uint8Array | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`

/**
 * The configuration of an image.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ImageConfig = Schema.Struct({
  created: Text,
  config: Schema.optionalWith(Schema.Struct({ User: Text, Env: Texts, Entrypoint: Texts, Cmd: Texts, Labels }), {
    default: () => ({ User: "", Env: [], Entrypoint: [], Cmd: [], Labels: {} }),
    nullable: true
  }),
  rootfs: Schema.optionalWith(Schema.Struct({ diff_ids: Texts }), { default: () => ({ diff_ids: [] }), nullable: true })
})

const Manifest = Schema.parseJson(Schema.Array(Schema.Struct({ Config: Schema.String, RepoTags: Texts })))
const decodeManifest = Schema.decodeUnknownOption(Manifest)
const decodeConfig = Schema.decodeUnknownOption(Schema.parseJson(ImageConfig))

/**
 * The images of an archive that `load` takes: id, names and configuration. None if it is not valid.
 *
 * @category operations
 * @since 0.1.0
 */
export const imagesOf = (files: ReadonlyMap<string, Uint8Array>) =>
  Option.getOrElse(decodeManifest(textOf(files, "manifest.json")), () => []).flatMap(({ Config, RepoTags }) => {
    const text = textOf(files, Config)
    return Option.match(decodeConfig(text), {
      onNone: () => [],
      onSome: (config) => [{ id: digest(text), tags: RepoTags, config }]
    })
  })

/**
 * @category accessors
 * @since 0.1.0
 */
export const textOf = (files: ReadonlyMap<string, Uint8Array>, path: string): string =>
  Buffer.from(files.get(path) ?? []).toString("utf8")

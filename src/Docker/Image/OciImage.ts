/**
 * Images that are assembled here instead of by an engine, so that the id of an image depends on its content alone.
 */
import { createHash } from "node:crypto"
import type { Image } from "../Client/Resources.js"
import { Entry, text } from "./Entry.js"

/** An image before it is in an engine. */
export interface ImageSpec {
  /** As engines name it: `amd64`, `arm64`. */
  readonly architecture: string
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint: ReadonlyArray<string>
  readonly workingDirectory: string
  readonly user: string
  readonly labels: Readonly<Record<string, string>>
  /** Lowest first. */
  readonly layers: ReadonlyArray<LayerOf>
}

/** One layer of an image. Without a file the engine must have it already. */
export interface LayerOf {
  /** A description for the image's history. */
  readonly what: string
  readonly diffId: string
  readonly file?: string | undefined
  readonly bytes?: number | undefined
}

/** The configuration file of an image, and the id that follows from it. */
export const configurationOf = (spec: ImageSpec): { readonly id: string; readonly json: string } => {
  const json = JSON.stringify({
    architecture: spec.architecture,
    os: "linux",
    created: epoch,
    config: {
      User: spec.user,
      Env: Object.entries(spec.environment)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${value}`),
      Entrypoint: spec.entrypoint,
      WorkingDir: spec.workingDirectory,
      Labels: Object.fromEntries(Object.entries(spec.labels).sort(([a], [b]) => (a < b ? -1 : 1)))
    },
    rootfs: { type: "layers", diff_ids: spec.layers.map(({ diffId }) => diffId) },
    history: spec.layers.map(({ what }) => ({ created: epoch, created_by: `effect-deployers: ${what}` }))
  })
  return { id: `sha256:${createHash("sha256").update(json).digest("hex")}`, json }
}

/**
 * The archive of the image for `load`. It names layers without a file and does not contain them.
 *
 * @param tag its name in the engine
 */
export const archiveOf = (spec: ImageSpec, tag: string): ReadonlyArray<Entry> => {
  const { id, json } = configurationOf(spec)
  const configFile = `${hex(id)}.json`
  const manifest = [{ Config: configFile, RepoTags: [tag], Layers: spec.layers.map(({ diffId }) => layerFile(diffId)) }]
  return [
    text(`/${configFile}`, json),
    ...spec.layers.flatMap(({ bytes, diffId, file }) =>
      file === undefined || bytes === undefined
        ? []
        : [Entry.File({ path: `/${layerFile(diffId)}`, mode: 0o644, source: file, size: bytes })]
    ),
    text("/manifest.json", JSON.stringify(manifest))
  ]
}

/**
 * True if an image of the engine has the layers and the configuration of the specification. Engines compute the id of an
 * image differently.
 */
export const isSame = (image: Image, spec: ImageSpec): boolean =>
  same(
    image.layers,
    spec.layers.map(({ diffId }) => diffId)
  ) &&
  same(image.entrypoint, spec.entrypoint) &&
  image.user === spec.user &&
  same(pairs(image.labels), pairs(spec.labels)) &&
  same(pairs(image.environment), pairs(spec.environment))

// internal

const epoch = "1970-01-01T00:00:00Z"

const hex = (digest: string): string => digest.slice(digest.indexOf(":") + 1)

const layerFile = (diffId: string): string => `${hex(diffId)}.tar`

const pairs = (record: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  Object.entries(record)
    .map(([name, value]) => `${name}=${value}`)
    .sort()

const same = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index])

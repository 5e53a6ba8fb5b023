/** Images of the engine that runs nothing: they have names, labels and an id, and no files that could run. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Archive, Images } from "../../Docker/Client/Contract.js"
import { environment } from "../../Docker/Client/Decoders.js"
import {
  type ChangeError,
  ImageBuildFailed,
  ImageInUse,
  ImageLoadFailed,
  ImageNotFound
} from "../../Docker/Client/Errors.js"
import { type BuildOptions, ImageProgress } from "../../Docker/Client/Resources.js"
import { bytesOf, digest, filesOf, imagesOf, textOf } from "./Archives.js"
import { change, query } from "./Gate.js"
import type { FakeImage, World } from "./Model.js"
import * as Registries from "./Registries.js"
import { hasLabels, toImage, toImageSummary } from "./View.js"

/** Finds an image by id, start of an id, or name; a name without a tag means `latest`. */
export const findImage = (world: World, ref: string): FakeImage | undefined =>
  world.images.get(ref) ??
  Array.from(world.images.values()).find(
    ({ digests, id, tags }) =>
      tags.has(withTag(ref)) ||
      digests.has(ref) ||
      (ref.length >= 12 && (id.startsWith(ref) || id.startsWith(`sha256:${ref}`)))
  )

const withTag = (name: string): string => (name.lastIndexOf(":") > name.lastIndexOf("/") ? name : `${name}:latest`)

/** Puts an image there, as if it had been loaded. */
export const addImage = (
  world: World,
  image: Partial<Omit<FakeImage, "tags">> & { readonly tags?: ReadonlyArray<string> }
): string => {
  const id = image.id ?? digest(JSON.stringify([image.tags, image.labels]))
  const known = world.images.get(id)
  const added: FakeImage = known ?? {
    id,
    labels: image.labels ?? {},
    user: image.user ?? "",
    environment: image.environment ?? {},
    entrypoint: image.entrypoint ?? [],
    command: image.command ?? [],
    layers: image.layers ?? [],
    createdAt: image.createdAt,
    archive: image.archive ?? new Uint8Array(),
    tags: new Set(),
    digests: new Set()
  }
  world.images.set(id, added)
  for (const tag of image.tags ?? []) moveTag(world, added, tag)
  return id
}

const moveTag = (world: World, image: FakeImage, name: string): void => {
  for (const other of world.images.values()) other.tags.delete(withTag(name))
  image.tags.add(withTag(name))
}

export const make = (world: World): Images => ({
  inspect: (ref) => query(world, "inspect an image", Effect.map(existing(world, ref), toImage)),
  history: (ref) =>
    query(
      world,
      "read the history of an image",
      Effect.map(existing(world, ref), ({ archive }) => [{ createdBy: "", comment: "fake", sizeBytes: archive.length }])
    ),
  list: (labels) =>
    query(
      world,
      "list images",
      Effect.sync(() =>
        Array.from(world.images.values())
          .filter((image) => hasLabels(image.labels, labels))
          .map(toImageSummary)
      )
    ),
  tag: (ref, name) =>
    change(
      world,
      "tag an image",
      ref,
      Effect.map(existing(world, ref), (image) => moveTag(world, image, name))
    ),
  remove: (ref, { force = false } = {}) => change(world, "remove an image", ref, remove(world, ref, force)),
  load: (archive) => load(world, archive),
  import: (archive, options = {}) => importImage(world, archive, options),
  build: (context, options = {}) => build(world, context, options),
  ...Registries.make(world, (ref) => existing(world, ref)),
  save: (ref) =>
    Stream.fromEffect(
      query(
        world,
        "save an image",
        Effect.map(existing(world, ref), ({ archive }) => archive)
      )
    )
})

const existing = (world: World, ref: string): Effect.Effect<FakeImage, ImageNotFound> =>
  Effect.suspend(() => {
    const image = findImage(world, ref)
    return image === undefined ? new ImageNotFound({ image: ref }) : Effect.succeed(image)
  })

/** One name of several is only taken away; the last one goes with the image, unless containers are made of it. */
const remove = (world: World, ref: string, force: boolean): Effect.Effect<void, ImageInUse> =>
  Effect.suspend(() => {
    const image = findImage(world, ref)
    if (image === undefined) return Effect.void
    if (image.tags.has(withTag(ref)) && image.tags.size > 1) {
      image.tags.delete(withTag(ref))
      return Effect.void
    }
    const user = Array.from(world.containers.values()).find(({ imageId }) => imageId === image.id)
    if (user !== undefined && !force) {
      return new ImageInUse({ image: ref, reason: `container ${user.id.slice(0, 12)} is made of it` })
    }
    image.tags.clear()
    if (user === undefined) world.images.delete(image.id)
    return Effect.void
  })

const load = <E, R>(
  world: World,
  archive: Archive<E, R>
): Stream.Stream<ImageProgress, E | ImageLoadFailed | ChangeError, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const bytes = yield* bytesOf(archive)
      const images = imagesOf(yield* filesOf(bytes))
      if (images.length === 0) return yield* new ImageLoadFailed({ reason: "it holds no valid manifest.json" })
      const adding = Effect.sync(() =>
        images.map(({ config: { config, created, rootfs }, id, tags }) =>
          addImage(world, {
            id,
            tags,
            labels: config.Labels,
            user: config.User,
            environment: environment(config.Env),
            entrypoint: config.Entrypoint,
            command: config.Cmd,
            layers: rootfs.diff_ids,
            createdAt: Option.getOrUndefined(DateTime.make(created)),
            archive: bytes
          })
        )
      )
      const ids = yield* change(world, "load an image", "an archive", adding)
      return Stream.fromIterable(ids.map((id, index) => ImageProgress.Done({ image: images[index]?.tags[0] ?? id })))
    })
  )

const importImage = <E, R>(
  world: World,
  archive: Archive<E, R>,
  options: NonNullable<Parameters<Images["import"]>[1]>
): Effect.Effect<string, E | ImageLoadFailed | ChangeError, R> =>
  Effect.gen(function* () {
    const bytes = yield* bytesOf(archive)
    const files = yield* filesOf(bytes)
    if (files.size === 0) return yield* new ImageLoadFailed({ reason: "the body is not a tar archive" })
    const createdAt = yield* DateTime.now
    const labels = Object.fromEntries(
      (options.changes ?? []).flatMap((line) => {
        const match = /^LABEL "?([^\s="]+)"?="?(.*?)"?$/.exec(line)
        return match === null ? [] : [[match[1] ?? "", match[2] ?? ""]]
      })
    )
    const image = {
      id: digest(`${digest(bytes)}${DateTime.formatIso(createdAt)}`),
      tags: options.tag === undefined ? [] : [options.tag],
      labels,
      layers: [digest(bytes)],
      archive: bytes,
      createdAt
    }
    return yield* change(
      world,
      "import an image",
      options.tag ?? "an archive",
      Effect.sync(() => addImage(world, image))
    )
  })

/** Builds an image from the files and the options alone; no command runs. */
const build = <E, R>(
  world: World,
  context: Archive<E, R>,
  options: BuildOptions
): Stream.Stream<ImageProgress, E | ImageBuildFailed | ChangeError, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const bytes = yield* bytesOf(context)
      const dockerfile = textOf(yield* filesOf(bytes), options.dockerfile ?? "Dockerfile")
      if (dockerfile === "") return yield* failure("Cannot locate specified Dockerfile: Dockerfile")
      const base = basesOf(dockerfile).find((name) => findImage(world, name) === undefined)
      if (base !== undefined) return yield* failure(`the base image ${base} is not available`)
      const labels = options.labels ?? {}
      const id = digest(`${digest(bytes)}${JSON.stringify(labels)}`)
      const createdAt = yield* DateTime.now
      yield* change(
        world,
        "build an image",
        options.tags?.[0] ?? "an image",
        Effect.sync(() => addImage(world, { id, labels, tags: options.tags ?? [], archive: bytes, createdAt }))
      )
      return Stream.make(
        ...dockerfile
          .split("\n")
          .filter((line) => line.trim() !== "")
          .map((text) => ImageProgress.Message({ text })),
        ImageProgress.Done({ image: id })
      )
    })
  )

const failure = (reason: string) => new ImageBuildFailed({ reason, log: [] })

/** Images that come from outside: not `scratch`, not an earlier stage. */
const basesOf = (dockerfile: string): ReadonlyArray<string> => {
  const stages = [...dockerfile.matchAll(/^FROM\s+(?:--\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?/gim)]
  const names = new Set(stages.map((stage) => stage[2]))
  return stages.flatMap(([, base = ""]) => (base === "scratch" || names.has(base) ? [] : [base]))
}

/**
 * Builds images of snapshots: on a minimal base with this machine's Node, which needs no registry, or on a normal base
 * image.
 */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { removeOld } from "../Bundle/Folder.js"
import { names } from "../Bundle/Names.js"
import * as Containerized from "../Containerized.js"
import type { Snapshot } from "../Snapshot/Model.js"
import { type Build, BuildStore } from "../Store/BuildStore.js"
import { Home } from "../Store/Home.js"
import type { Image } from "./Client/Resources.js"
import { DockerClient } from "./DockerClient.js"
import * as Assets from "./Image/Assets.js"
import * as FromHost from "./Image/FromHost.js"
import * as FromImage from "./Image/FromImage.js"
import * as HostBase from "./Image/HostBase.js"
import * as ImageLabels from "./Image/ImageLabels.js"
import * as Packages from "./Image/Packages.js"
import * as Plan from "./Image/Plan.js"
import { BuildEvent, type ReportProgress } from "./Image/Progress.js"
import * as Published from "./Image/Published.js"

export type { HostNode } from "./Image/HostBase.js"
export type { ImageBuildError } from "./Image/Plan.js"
export { BuildEvent, type ReportProgress } from "./Image/Progress.js"

/**
 * A request for an image.
 *
 * @category models
 * @since 0.1.0
 */
export interface Request {
  readonly snapshot: Snapshot
  /** Complete; `Schema.decode(Containerized.ImageSettings)({})` gives the defaults. */
  readonly settings: Containerized.ImageSettings
  /** Include the driver of a SQL run store; default `true`. */
  readonly sqlStore?: boolean | undefined
  /** The repository of a registry that the image is pushed to, and pulled from if the engine lacks it; default none. */
  readonly repository?: Containerized.ImageRepository | undefined
  /** Receives the progress; default none. */
  readonly onProgress?: ReportProgress | undefined
}

/**
 * An image that is in the engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface BuiltImage {
  /** Its record; `image` is {@link BuiltImage.imageId}. */
  readonly build: Build
  /** The engine's id. Containers use it, because a name can move to another image. */
  readonly imageId: string
  /** The same image by digest in the requested repository, for other machines: `repository@sha256:...`. */
  readonly reference?: Containerized.ImageReference | undefined
  /** The name in lists of the engine. */
  readonly name: string
  readonly sizeBytes: number
  /** The path of Node in it, for a health check. */
  readonly node: string
  /** True if the image existed already. */
  readonly reused: boolean
}

/**
 * Builds images of snapshots.
 *
 * @category services
 * @since 0.1.0
 */
export class ImageBuilder extends Context.Tag("effect-deployers/Docker/ImageBuilder")<
  ImageBuilder,
  {
    /**
     * The image of a snapshot for these settings: the existing one, if the engine still has it, else a new one. It can be
     * repeated. An interrupted build leaves only layers, which the engine keeps for the next build. With a repository the image
     * is pushed, unless it is there, and an image that another machine pushed is pulled instead of built.
     */
    readonly build: (request: Request) => Effect.Effect<BuiltImage, Plan.ImageBuildError>
  }
>() {}

/**
 * Options of the builder.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The Node inside images; default the one that runs this program. */
  readonly node?: HostBase.HostNode | undefined
}

/**
 * The services that the builder needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = DockerClient | BuildStore | Home | FileSystem.FileSystem

/**
 * A builder for one image at a time. It reads the Node of this machine with the first image that needs it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<ImageBuilder["Type"], never, Requirements> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Requirements>()
    const node = options.node ?? HostBase.runningNode
    const host = { node, base: yield* HostBase.remembered(node) }
    // Two builds at once would write the same base layer twice.
    const oneAtATime = yield* Effect.makeSemaphore(1)
    return {
      build: (request) =>
        build(host, request).pipe(
          oneAtATime.withPermits(1),
          Effect.provide(context),
          Effect.withSpan("ImageBuilder.build", { attributes: { snapshot: request.snapshot.label } })
        )
    }
  })

/**
 * See {@link make}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<ImageBuilder, never, Requirements> =>
  Layer.effect(ImageBuilder, make(options))

/**
 * The default base: this machine's Node if the engine can run it, else `node:<major>-slim`.
 *
 * @param engine `os` and `architecture` as the engine names them
 *
 * @category accessors
 * @since 0.1.0
 */
export const defaultBase = (
  node: HostBase.HostNode,
  engine: { readonly os: string; readonly architecture: string }
): Containerized.Base =>
  runsOn(node, engine)
    ? { _tag: "host" }
    : {
        _tag: "image",
        reference: Containerized.ImageReference.make(`node:${node.version.split(".", 1).join()}-slim`),
        node: "node"
      }

// internal

const architectures: Readonly<Record<string, string>> = { x64: "amd64", ppc64: "ppc64le" }

const architectureOf = ({ architecture }: HostBase.HostNode): string => architectures[architecture] ?? architecture

const runsOn = (node: HostBase.HostNode, engine: { readonly os: string; readonly architecture: string }): boolean =>
  node.platform === "linux" && engine.os === "linux" && architectureOf(node) === engine.architecture

/** This machine's Node, and the content of a base with it. */
interface Host {
  readonly node: HostBase.HostNode
  readonly base: Effect.Effect.Success<ReturnType<typeof HostBase.remembered>>
}

const build = (host: Host, request: Request) =>
  Effect.scoped(
    Effect.gen(function* () {
      const started = yield* Clock.currentTimeMillis
      const report = request.onProgress ?? (() => Effect.void)
      const prepared = yield* prepare(host, request, report)
      const published = yield* Published.recorded(request, prepared.configuration, report)
      const known = yield* existing(request.snapshot, prepared, published)
      if (Option.isSome(known)) {
        const { build, image } = known.value
        yield* report(BuildEvent.Reused({ image: prepared.name, imageId: image.id }))
        const reference = yield* Published.ensure(request, { ...prepared, image, published, report })
        return { ...resultOf(prepared, image), ...reference, build, reused: true }
      }
      const image = yield* prepared.produce(yield* planFor(request, prepared, report))
      const build = yield* record(request.snapshot, prepared.checksum, image.id)
      const result = resultOf(prepared, image)
      const executionTimeMillis = (yield* Clock.currentTimeMillis) - started
      const { imageId, name, sizeBytes } = result
      yield* report(BuildEvent.Finished({ image: name, imageId, sizeBytes, executionTimeMillis }))
      const reference = yield* Published.ensure(request, { ...prepared, image, published, report })
      return { ...result, ...reference, build, reused: false }
    })
  )

/** Everything about the image that is known before its build. */
const prepare = (host: Host, request: Request, report: ReportProgress) =>
  Effect.gen(function* () {
    const { settings, snapshot } = request
    const { engine } = yield* DockerClient
    const found = yield* lookedFor(host, settings)
    const { assets, driver, platform, workspace } = yield* Effect.all(
      {
        platform: Plan.queried(engine.version, "return its platform"),
        workspace: makeWorkspace(snapshot),
        assets: Assets.collect(settings.project ?? Path.dirname(snapshot.source.file), settings.assets).pipe(
          Plan.asNotBuilt(snapshot)
        ),
        driver: request.sqlStore === false ? Effect.succeedNone : Plan.asNotBuilt(snapshot)(Packages.storeDriver)
      },
      { concurrency: "unbounded" }
    )
    const { architecture, os } = platform
    const base = settings.base ?? defaultBase(host.node, platform)
    if (base._tag === "image" && settings.fonts === true) {
      return yield* Plan.failed(snapshot)(
        `the setting fonts copies the fonts of this machine beside its Node, and the base is ${base.reference}`,
        "Leave fonts out and use a base image that has fonts, or set base to host"
      )
    }
    const resolved = yield* resolveBase({ node: host.node, base: found }, base, platform, snapshot, {
      ...workspace,
      report
    })
    const reason = settings.base === undefined ? "it is the default for this machine and engine" : "it is set"
    yield* report(BuildEvent.BaseChosen({ base: resolved.base, reason }))
    const resolvedSettings: Containerized.ResolvedSettings = {
      platform: `${os}/${architecture}`,
      base: resolved.base,
      assets: assets.map(({ digest, path }) => ({ path, digest })),
      sqlStore: Option.getOrUndefined(driver)
    }
    const configuration = Containerized.buildConfiguration(snapshot, resolvedSettings)
    const checksum = Containerized.checksum(configuration)
    const name = Containerized.imageName(snapshot, checksum)
    return { ...resolved, assets, checksum, configuration, name, resolvedSettings, workspace: workspace.workspace }
  })

type Prepared = Effect.Effect.Success<ReturnType<typeof prepare>>

/** Reads this machine's Node while the engine answers whether it can run there. */
const lookedFor = ({ base, node }: Host, settings: Containerized.ImageSettings) => {
  const found = base({ shell: settings.shell === true, fonts: settings.fonts === true })
  return settings.base?._tag === "image" || node.platform !== "linux"
    ? Effect.succeed(found)
    : Effect.map(Effect.forkScoped(found), Fiber.join)
}

const resolveBase = (
  { base: found, node }: { readonly node: HostBase.HostNode; readonly base: ReturnType<Host["base"]> },
  base: Containerized.Base,
  engine: { readonly os: string; readonly architecture: string },
  snapshot: Snapshot,
  options: { readonly images: string; readonly workspace: string; readonly report: ReportProgress }
) =>
  Effect.gen(function* () {
    if (base._tag === "image") {
      const platform = `${engine.os}/${engine.architecture}`
      const resolved = yield* FromImage.resolve(base, platform, options.report)
      return { base: resolved, produce: (plan: Plan.Plan): Produced => FromImage.build(plan, resolved, platform) }
    }
    if (!runsOn(node, engine)) {
      return yield* Plan.failed(snapshot)(
        `this machine's Node (${node.platform}/${architectureOf(node)}) does not run in the engine (${engine.os}/${engine.architecture})`,
        'Use an image as base, such as { "_tag": "image", "reference": "node:22-slim" }'
      )
    }
    const layer = yield* FromHost.baseLayer(found, options).pipe(Plan.asNotBuilt(snapshot))
    const resolved: Containerized.ResolvedBase = { _tag: "host", node: node.version, layer: layer.diffId }
    return { base: resolved, produce: (plan: Plan.Plan): Produced => FromHost.build(plan, layer, engine.architecture) }
  })

type Produced = Effect.Effect<Image, Plan.ImageBuildError, DockerClient | FileSystem.FileSystem>

/** The image of the snapshot for these settings, if the engine or its repository has it. */
const existing = (snapshot: Snapshot, { checksum }: Prepared, published: Option.Option<Published.Recorded>) =>
  Effect.gen(function* () {
    if (Option.isSome(published)) return published
    const builds = yield* BuildStore
    const { images } = yield* DockerClient
    const build = yield* builds.find(snapshot.id, checksum)
    if (Option.isNone(build)) return Option.none()
    const image = yield* Plan.queried(
      images.inspect(build.value.image).pipe(
        Effect.asSome,
        Effect.catchTag("ImageNotFound", () => Effect.succeedNone)
      ),
      "inspect an image"
    )
    return Option.map(image, (image) => ({ build: build.value, image }))
  })

const planFor = (request: Request, prepared: Prepared, report: ReportProgress) =>
  Effect.gen(function* () {
    const { snapshot } = request
    const home = yield* Home
    const fs = yield* FileSystem.FileSystem
    const bundle = Path.join(home.bundles, snapshot.bundle.digest)
    if (!(yield* Effect.orElseSucceed(fs.exists(Path.join(bundle, names.main)), () => false))) {
      yield* Containerized.imageFor(snapshot, prepared.resolvedSettings)
      return yield* Plan.failed(snapshot)(
        `its bundle is not on this machine (${bundle}) and the engine has no image of it`,
        Plan.againFromFile(snapshot)
      )
    }
    const { assets, checksum, name, workspace } = prepared
    const { requirements } = prepared.configuration
    const labels = ImageLabels.ofSnapshot(snapshot, checksum)
    return { snapshot, bundle, name, labels, requirements, assets, workspace, report } satisfies Plan.Plan
  })

const record = (snapshot: Snapshot, checksum: string, image: string) =>
  Effect.flatMap(BuildStore, (builds) => builds.put({ snapshotId: snapshot.id, checksum, image }))

const resultOf = ({ base, name }: Prepared, { id, sizeBytes }: Image) => ({
  imageId: id,
  name,
  sizeBytes,
  node: base._tag === "host" ? HostBase.nodeProgram : base.node
})

/** A folder in the home, because a base layer may not fit into the folder of temporary files. */
const makeWorkspace = (snapshot: Snapshot) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const images = Path.join((yield* Home).root, "images")
    yield* fs.makeDirectory(images, { recursive: true, mode: 0o700 })
    // The folders of killed builds. A folder in use is less than a day old.
    yield* Effect.ignore(removeOld(images, (name) => name.startsWith(draftPrefix), "1 day"))
    return { images, workspace: yield* fs.makeTempDirectoryScoped({ directory: images, prefix: draftPrefix }) }
  }).pipe(Plan.asNotBuilt(snapshot))

const draftPrefix = ".writing-"

/**
 * Images on a base of this machine's files: three layers (base, packages, program), assembled here and loaded. The same
 * snapshot gives the same image id, and the engine receives only missing layers.
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Contents from "../../Bundle/Contents.js"
import { appDirectory, entrypoint, numericUser } from "../../Containerized/Layout.js"
import type { ImageNotBuilt } from "../../Errors/Images.js"
import type { EngineUnavailable, OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { Image } from "../Client/Resources.js"
import { DockerClient } from "../DockerClient.js"
import { Entry } from "./Entry.js"
import * as HostBase from "./HostBase.js"
import * as HostExtras from "./HostExtras.js"
import * as ImageLabels from "./ImageLabels.js"
import * as LayerTar from "./LayerTar.js"
import * as Libraries from "./Libraries.js"
import * as OciImage from "./OciImage.js"
import * as PackageFiles from "./PackageFiles.js"
import * as Packages from "./Packages.js"
import * as Plan from "./Plan.js"
import { BuildEvent, type ReportProgress } from "./Progress.js"

/** The base layer and its digest. It has a file only if it was written by this build. */
export interface BaseLayer {
  readonly base: HostBase.HostBase
  readonly diffId: string
  readonly bytes: number
  readonly file: string | undefined
}

/**
 * Returns the base layer of this machine. A note in the folder of images has the digest of the last one; the layer is
 * written again only when the machine's files have changed.
 *
 * @param found the content of the base
 * @param options `images` is the folder of the note, `workspace` one for the layer
 */
export const baseLayer = (
  found: Effect.Effect<HostBase.HostBase, HostBase.HostUnsupported | PlatformError, FileSystem.FileSystem>,
  options: { readonly images: string; readonly workspace: string; readonly report: ReportProgress }
): Effect.Effect<BaseLayer, HostBase.HostUnsupported | LayerTar.ArchiveFailed | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const base = yield* found
    const note = Path.join(options.images, `host-base${HostExtras.suffix(base.extras)}.json`)
    const known = yield* fs.readFileString(note).pipe(Effect.flatMap(Schema.decode(Note)), Effect.option)
    if (Option.isSome(known) && known.value.fingerprint === base.fingerprint) {
      return { base, ...known.value, file: undefined }
    }
    const layer = yield* writeBase(base, options.workspace)
    yield* options.report(BuildEvent.LayerWritten({ layer: "base", ...layer, known: false }))
    const fresh = Path.join(options.workspace, "host-base.json")
    yield* fs.writeFileString(fresh, Schema.encodeSync(Note)({ fingerprint: base.fingerprint, ...layer }))
    yield* fs.rename(fresh, note)
    return { base, ...layer }
  })

/** Builds the image of a plan, unless the engine has it. */
export const build = (plan: Plan.Plan, layer: BaseLayer, architecture: string) =>
  Effect.gen(function* () {
    const spec = yield* imageSpec(plan, layer, architecture)
    const present = yield* find(plan.name, spec)
    if (Option.isSome(present)) {
      yield* plan.report(BuildEvent.Reused({ image: plan.name, imageId: present.value.id }))
      return present.value
    }
    yield* ensureBase(plan, layer, spec)
    const made = yield* loadParts(plan, spec)
    return Option.isSome(made) ? made.value : yield* loadWhole(plan, layer, spec)
  }).pipe(
    Effect.catchTag("ImageLoadFailed", (error) => Plan.failedBy(plan.snapshot)(error)),
    Plan.asNotBuilt(plan.snapshot),
    (effect) => Plan.queried(effect, "load an image")
  ) satisfies Effect.Effect<
    Image,
    ImageNotBuilt | EngineUnavailable | OutcomeUnknown,
    DockerClient | FileSystem.FileSystem
  >

// internal

const Note = Schema.parseJson(Schema.Struct({ fingerprint: Schema.String, diffId: Schema.String, bytes: Schema.Int }))

const writeBase = (base: HostBase.HostBase, workspace: string) =>
  LayerTar.writeLayer(Path.join(workspace, "base.tar"), base.entries)

const imageSpec = (plan: Plan.Plan, { base, ...layer }: BaseLayer, architecture: string) =>
  Effect.gen(function* () {
    const contents = yield* Plan.contentsOf(plan)
    const [packages, files, program] = yield* Effect.all(
      [
        Effect.flatMap(packageEntries(plan, base), (entries) => write(plan, "packages", entries)),
        Effect.flatMap(Plan.travelling(plan), (entries) => write(plan, "files", entries)),
        Effect.flatMap(Plan.appEntries(plan), (entries) => write(plan, "program", entries))
      ],
      { concurrency: 3 }
    )
    const spec: OciImage.ImageSpec = {
      architecture,
      environment: base.environment,
      entrypoint: entrypoint(HostBase.nodeProgram, Contents.nodeArguments(contents, appDirectory)),
      workingDirectory: Path.join(appDirectory, contents.workingDirectory),
      user: numericUser,
      labels: plan.labels,
      layers: [{ what: "Node and its libraries", diffId: layer.diffId }, ...packages, ...files, ...program]
    }
    return spec
  })

const write = (plan: Plan.Plan, what: string, entries: ReadonlyArray<Entry>) =>
  Effect.gen(function* () {
    if (entries.length === 0) return []
    const layer = yield* LayerTar.writeLayer(Path.join(plan.workspace, `${what}.tar`), entries)
    yield* plan.report(BuildEvent.LayerWritten({ layer: what, ...layer, known: false }))
    return [{ what, ...layer }]
  })

const packageEntries = (plan: Plan.Plan, base: HostBase.HostBase) =>
  Effect.gen(function* () {
    const contents = yield* Plan.contentsOf(plan)
    const wanted = plan.requirements.filter(
      ({ name }) => contents.natives.includes(name) || !Contents.hasPackage(contents, name)
    )
    const roots = yield* Packages.installed(plan.bundle, wanted)
    const placed = yield* Packages.closure(roots)
    const files = (yield* Effect.forEach(placed, (one) => PackageFiles.filesOf(appDirectory, one))).flat()
    const programs = [...files, ...(yield* Plan.travelling(plan))].flatMap((entry) =>
      entry._tag === "File" ? [entry.source] : []
    )
    const { libraries } = yield* Libraries.needs(programs.filter(mayBeNative), base.machine)
    const lacking = libraries.filter(
      ({ file, name }) => !base.libraries.has(name) && !programs.some((program) => program === file)
    )
    return [...files, ...(yield* Effect.forEach(lacking, (library) => libraryEntry(base, library)))]
  })

const mayBeNative = (file: string): boolean => !/\.(?:[cm]?js|json|txt|css|html|wasm)$/i.test(file)

const libraryEntry = ({ libraryFolder }: HostBase.HostBase, library: Libraries.Library) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const source = yield* fs.realPath(library.file)
    const { size } = yield* fs.stat(source)
    return Entry.File({ path: HostBase.placeOf(libraryFolder, library), mode: 0o755, source, size: Number(size) })
  })

const find = (name: string, spec: OciImage.ImageSpec) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const image = yield* images.inspect(name).pipe(
      Effect.asSome,
      Effect.catchTag("ImageNotFound", () => Effect.succeedNone)
    )
    return Option.filter(image, (image) => OciImage.isSame(image, spec))
  })

const load = (plan: Plan.Plan, name: string, spec: OciImage.ImageSpec) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const bytes = spec.layers.reduce((sum, layer) => sum + (layer.file === undefined ? 0 : (layer.bytes ?? 0)), 0)
    yield* plan.report(BuildEvent.Sending({ image: name, bytes }))
    yield* Stream.runDrain(images.load(LayerTar.archive(OciImage.archiveOf(spec, name))))
    return yield* find(name, spec)
  })

/** The base is an image of its own, so that it survives the removal of images on it. */
const ensureBase = (plan: Plan.Plan, layer: BaseLayer, { architecture }: OciImage.ImageSpec) =>
  Effect.gen(function* () {
    const name = baseName(layer)
    const spec = (file: string | undefined): OciImage.ImageSpec => ({
      architecture,
      environment: layer.base.environment,
      entrypoint: [HostBase.nodeProgram],
      workingDirectory: appDirectory,
      user: numericUser,
      labels: ImageLabels.ofBase(layer.base.node.version),
      layers: [{ what: "Node and its libraries", diffId: layer.diffId, bytes: layer.bytes, file }]
    })
    if (Option.isSome(yield* find(name, spec(undefined)))) return
    yield* load(plan, name, spec(yield* baseFile(plan, layer)))
  })

const baseName = ({ diffId }: BaseLayer): string => `effect-deployers/host-base:${diffId.slice(7, 19)}`

const baseFile = (plan: Plan.Plan, { base, file }: BaseLayer) =>
  file === undefined ? Effect.map(writeBase(base, plan.workspace), (layer) => layer.file) : Effect.succeed(file)

/** Sends the layers above the base. Engines that need every layer refuse that. */
const loadParts = (plan: Plan.Plan, spec: OciImage.ImageSpec) =>
  load(plan, plan.name, spec).pipe(
    Effect.catchTags({
      ImageLoadFailed: () => Effect.succeedNone,
      EngineError: () => Effect.succeedNone
    })
  )

const loadWhole = (plan: Plan.Plan, layer: BaseLayer, spec: OciImage.ImageSpec) =>
  Effect.gen(function* () {
    const file = yield* baseFile(plan, layer)
    const [, ...others] = spec.layers
    const whole = {
      ...spec,
      layers: [{ what: "Node and its libraries", diffId: layer.diffId, bytes: layer.bytes, file }, ...others]
    }
    const made = yield* load(plan, plan.name, whole)
    if (Option.isSome(made)) return made.value
    return yield* Plan.failed(plan.snapshot)(
      "the engine loaded it but has another image than was sent",
      'Use an image as base, such as { "_tag": "image", "reference": "node:22-slim" }'
    )
  })

/**
 * Images on a normal base image, built by the engine. Native packages are installed in a stage of their own, so that the
 * result has no package manager.
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Contents from "../../Bundle/Contents.js"
import type { ResolvedBase } from "../../Containerized/BuildConfiguration.js"
import { type ImageReference, partsOf, pin } from "../../Containerized/ImageReference.js"
import type { Base } from "../../Containerized/ImageSettings.js"
import { appDirectory, entrypoint, numericUser } from "../../Containerized/Layout.js"
import { containerRequirements } from "../../Containerized/Requirements.js"
import { BaseImageUnavailable, type ImageNotBuilt } from "../../Errors/Images.js"
import type { EngineUnavailable, OutcomeUnknown } from "../../Errors/Lifecycle.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import type { Image, ImageProgress } from "../Client/Resources.js"
import { DockerClient } from "../DockerClient.js"
import { Instruction, render } from "./Dockerfile.js"
import { complete, type Entry, text } from "./Entry.js"
import * as LayerTar from "./LayerTar.js"
import { manifests } from "./Lockfile.js"
import * as Packages from "./Packages.js"
import * as Plan from "./Plan.js"
import { BuildEvent, type ReportProgress } from "./Progress.js"

type ImageBase = Extract<Base, { readonly _tag: "image" }>
type Resolved = Extract<ResolvedBase, { readonly _tag: "image" }>

/**
 * Resolves a reference to an image: that of the engine if it has one, else that of the registry. The registry is not asked
 * about an existing image, so a moving tag moves only with an explicit pull.
 *
 * @param platform such as `linux/amd64`
 */
export const resolve = (
  base: ImageBase,
  platform: string,
  report: ReportProgress
): Effect.Effect<Resolved, BaseImageUnavailable | EngineUnavailable | OutcomeUnknown, DockerClient> =>
  Effect.gen(function* () {
    const image = yield* inspectOrPull(base.reference, platform, report)
    const digest = partsOf(base.reference).digest ?? digestOf(base.reference, image)
    return {
      _tag: "image" as const,
      reference: base.reference,
      digest,
      id: image.id,
      builder: base.builder,
      node: base.node
    }
  }).pipe((effect) => Plan.queried(effect, "inspect an image"))

/**
 * The Dockerfile of an image.
 *
 * @param options `from` is the base image, `builder` the image that installs `packages`
 */
export const instructions = (options: {
  readonly from: string
  readonly builder: string
  readonly node: string
  readonly labels: Readonly<Record<string, string>>
  readonly packages: ReadonlyArray<string>
  /** Options of Node before the program. */
  readonly options?: ReadonlyArray<string> | undefined
  readonly workingDirectory?: string | undefined
  /** True if the installed packages take the place of those that travel, which are for this machine. */
  readonly overlay?: boolean | undefined
}): ReadonlyArray<Instruction> => [
  ...(options.packages.length === 0 ? [] : installation(options.builder, options.packages)),
  Instruction.From({ image: options.from }),
  Instruction.User({ user: "0:0" }),
  Instruction.Run({ command: [options.node, "-e", tidyUp] }),
  Instruction.WorkingFolder({ path: appDirectory }),
  ...(options.packages.length === 0
    ? []
    : [
        Instruction.Copy({
          stage: "packages",
          sources: ["/build/node_modules"],
          target: `${appDirectory}/node_modules`
        })
      ]),
  Instruction.Copy({ sources: ["app/"], target: `${appDirectory}/` }),
  ...(options.overlay === true
    ? [
        Instruction.Copy({
          stage: "packages",
          sources: ["/build/node_modules"],
          target: `${options.workingDirectory ?? appDirectory}/node_modules`
        })
      ]
    : []),
  ...(options.workingDirectory === undefined ? [] : [Instruction.WorkingFolder({ path: options.workingDirectory })]),
  Instruction.Variable({ name: "NODE_ENV", value: "production" }),
  ...Object.entries(options.labels).map(([name, value]) => Instruction.Label({ name, value })),
  Instruction.NoHealthCheck(),
  Instruction.User({ user: numericUser }),
  Instruction.EntryPoint({ command: entrypoint(options.node, options.options) }),
  Instruction.NoCommand()
]

/** Builds the image of a plan. */
export const build = (
  plan: Plan.Plan,
  base: Resolved,
  platform: string
): Effect.Effect<Image, ImageNotBuilt | EngineUnavailable | OutcomeUnknown, DockerClient | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const context = yield* contextOf(plan, base)
    yield* plan.report(
      BuildEvent.Sending({ image: plan.name, bytes: context.reduce((sum, entry) => sum + bytesOf(entry), 0) })
    )
    const archive = LayerTar.archive(context)
    yield* Stream.runForEach(images.build(archive, { tags: [plan.name], platform }), (progress) =>
      say(progress, (text) => plan.report(BuildEvent.EngineSaid({ text })))
    )
    return yield* images.inspect(plan.name)
  }).pipe(
    Effect.catchTags({
      ImageNotFound: (error) => Plan.failedBy(plan.snapshot)(error),
      WordRefused: (error) => Plan.failedBy(plan.snapshot)(error),
      ImageBuildFailed: (error) =>
        Plan.failed(plan.snapshot)(
          errorClause(error),
          `The base must have Node ${containerRequirements.node} or newer, and what its packages need to be installed (npm, a network)`,
          error
        )
    }),
    Plan.asNotBuilt(plan.snapshot),
    (effect) => Plan.queried(effect, "build an image")
  )

// internal

const [major = "", minor = ""] = containerRequirements.node.split(".")

/** Refuses a Node that is too old, and hides package managers from the next layers. */
const tidyUp = [
  `const[a,b]=process.versions.node.split('.').map(Number)`,
  `if(!(a>${major}||(a===${major}&&b>=${minor}))){console.error('this image has Node '+process.versions.node);process.exit(64)}`,
  "const fs=require('fs'),remove=(path)=>fs.rmSync(path,{recursive:true,force:true})",
  "for(const path of ['/usr/local/lib/node_modules','/usr/lib/node_modules','/usr/share/nodejs/npm','/usr/share/nodejs/corepack'])remove(path)",
  "for(const name of fs.existsSync('/opt')?fs.readdirSync('/opt'):[])if(name.startsWith('yarn'))remove('/opt/'+name)",
  "for(const folder of ['/usr/local/bin/','/usr/bin/'])for(const name of ['npm','npx','yarn','yarnpkg','corepack','pnpm','pnpx'])remove(folder+name)"
].join(";")

const installation = (image: string, packages: ReadonlyArray<string>): ReadonlyArray<Instruction> => [
  Instruction.From({ image, stage: "packages" }),
  Instruction.User({ user: "0:0" }),
  Instruction.WorkingFolder({ path: "/build" }),
  Instruction.Copy({ sources: ["packages/"], target: "/build/" }),
  Instruction.Run({ command: ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"] }),
  // Only packages that the bundle imports may run scripts, which install their addons.
  Instruction.Run({ command: ["npm", "rebuild", "--foreground-scripts", ...packages] })
]

const contextOf = (plan: Plan.Plan, base: Resolved) =>
  Effect.gen(function* () {
    const app = [...(yield* Plan.travelling(plan)), ...(yield* Plan.appEntries(plan))]
    const contents = yield* Plan.contentsOf(plan)
    const addons = plan.requirements.filter(({ name }) => Contents.hasPackage(contents, name))
    const packages = yield* packageFiles(plan)
    const from = base.digest === undefined ? base.reference : pin(base.reference, base.digest)
    const dockerfile = yield* render(
      instructions({
        from,
        builder: base.builder ?? from,
        node: base.node,
        labels: plan.labels,
        packages: plan.requirements.map(({ name }) => name),
        options: Contents.nodeArguments(contents, appDirectory),
        workingDirectory: Path.join(appDirectory, contents.workingDirectory),
        overlay: addons.length > 0
      })
    )
    return [
      text("/Dockerfile", dockerfile),
      ...complete([...packages, ...app.map((entry) => ({ ...entry, path: `/app/${Plan.belowApp(entry.path)}` }))])
    ]
  })

const packageFiles = (
  plan: Plan.Plan
): Effect.Effect<ReadonlyArray<Entry>, Packages.PackageMissing | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    if (plan.requirements.length === 0) return []
    const roots = yield* Packages.installed(plan.bundle, plan.requirements)
    const { packageJson, packageLock } = manifests(roots, yield* Packages.closure(roots, { withTools: true }))
    return [text("/packages/package.json", packageJson), text("/packages/package-lock.json", packageLock)]
  })

const inspectOrPull = (reference: ImageReference, platform: string, report: ReportProgress) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const pull = Stream.runForEach(images.pull(reference, { platform }), (progress) =>
      say(progress, (text) => report(BuildEvent.Pulling({ reference, text })))
    )
    return yield* images.inspect(reference).pipe(
      Effect.catchTag("ImageNotFound", () => Effect.zipRight(pull, images.inspect(reference))),
      Effect.catchTags({
        ImageNotFound: () =>
          new BaseImageUnavailable({ reference, reason: "the engine pulled it and does not have it" }),
        ImageUnavailable: (error) => new BaseImageUnavailable({ reference, reason: error.reason, cause: error })
      })
    )
  })

const say = (progress: ImageProgress, tell: (text: string) => Effect.Effect<void>): Effect.Effect<void> => {
  switch (progress._tag) {
    case "Message":
      return tell(progress.text)
    case "Part":
      return tell(`${progress.id}: ${progress.status}`)
    case "Done":
      return Effect.void
  }
}

const digestOf = (reference: ImageReference, { digests }: Image): string | undefined => {
  const { repository } = partsOf(reference)
  const own = digests.find((name) => name.startsWith(`${repository}@`)) ?? digests[0]
  return own?.slice(own.indexOf("@") + 1)
}

const bytesOf = (entry: Entry): number => {
  switch (entry._tag) {
    case "Text":
      return entry.content.length
    case "File":
      return entry.size
    case "Folder":
    case "Link":
      return 0
  }
}

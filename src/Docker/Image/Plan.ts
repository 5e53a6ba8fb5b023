/**
 * What is known about an image before it is made, and how making it fails.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { names } from "../../Bundle/Names.js"
import * as StartFile from "../../Bundle/StartFile.js"
import { appDirectory, programFile, startFile } from "../../Containerized/Layout.js"
import { type BaseImageUnavailable, type ImageContentRefused, ImageNotBuilt } from "../../Errors/Images.js"
import { type DeploymentSnapshotMismatch, EngineUnavailable, type OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { External, Snapshot } from "../../Snapshot/Model.js"
import type { ChangeError, QueryError } from "../Client/Errors.js"
import type { Asset } from "./Assets.js"
import { Entry, text } from "./Entry.js"
import type { HostUnsupported } from "./HostBase.js"
import type { ArchiveFailed } from "./LayerTar.js"
import type { PackageMissing } from "./Packages.js"
import type { ReportProgress } from "./Progress.js"
import { withoutPlaces } from "./SourceMap.js"

/**
 * How making an image fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type ImageBuildError =
  | ImageNotBuilt
  | ImageContentRefused
  | BaseImageUnavailable
  | DeploymentSnapshotMismatch
  | EngineUnavailable
  | OutcomeUnknown
  | StoreError

/**
 * An image that is to be made, whatever it is built on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly snapshot: Snapshot
  /** The bundle's folder on this machine. */
  readonly bundle: string
  /** The name it gets in the engine. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly requirements: ReadonlyArray<External>
  readonly assets: ReadonlyArray<Asset>
  /** A folder that is removed when the image is made. */
  readonly workspace: string
  readonly report: ReportProgress
}

/**
 * The program and the declared files as they lie in the image.
 *
 * @category constructors
 * @since 0.1.0
 */
export const appEntries = ({
  assets,
  bundle,
  snapshot
}: Plan): Effect.Effect<ReadonlyArray<Entry>, ImageNotBuilt | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const main = yield* fs.readFile(Path.join(bundle, names.main))
    if (createHash("sha256").update(main).digest("hex") !== snapshot.bundle.digest) {
      return yield* failed(snapshot)("the bundle on this machine is damaged", againFromFile(snapshot))
    }
    const map = yield* Effect.option(fs.readFileString(Path.join(bundle, names.sourceMap)))
    const placeless = Option.flatMap(map, (map) => withoutPlaces(map, bundle))
    return [
      text(programFile, main),
      text(startFile, yield* StartFile.make(main, Path.basename(programFile))),
      ...Option.toArray(Option.map(placeless, (map) => text(`${programFile}.map`, map))),
      ...(yield* Effect.forEach(names.pages, (name) => pageEntry(bundle, name))).flat(),
      ...assets.map(({ entry }) => entry)
    ]
  })

/**
 * The image could not be made.
 *
 * @category errors
 * @since 0.1.0
 */
export const failed =
  ({ label }: Snapshot) =>
  (reason: string, remedy: string, cause?: unknown): ImageNotBuilt =>
    new ImageNotBuilt({ snapshot: label, reason, remedy, cause })

/**
 * The same from a failure below, whose message is a sentence.
 *
 * @category errors
 * @since 0.1.0
 */
export const failedBy =
  (snapshot: Snapshot) =>
  (error: Error & { readonly _tag?: string }): ImageNotBuilt =>
    failed(snapshot)(
      sentence(error.message),
      error._tag === "PackageMissing"
        ? againFromFile(snapshot)
        : "Nothing was deployed; try again when that is settled",
      error
    )

/**
 * Turns what can go wrong with files of this machine into "the image could not be made".
 *
 * @category errors
 * @since 0.1.0
 */
export const asNotBuilt =
  (snapshot: Snapshot) =>
  <A, E, R>(effect: Effect.Effect<A, E | FileError, R>): Effect.Effect<A, Exclude<E, FileError> | ImageNotBuilt, R> =>
    Effect.catchIf(effect, isFileError, (error) => failedBy(snapshot)(error))

/**
 * Turns every way in which an engine may not answer a question into `EngineUnavailable`.
 *
 * @param operation what it was asked to do, as in "could not be asked to ..."
 *
 * @category errors
 * @since 0.1.0
 */
export const queried = <A, E, R>(
  effect: Effect.Effect<A, E | EngineFailure, R>,
  operation: string
): Effect.Effect<A, Exclude<E, EngineFailure> | EngineUnavailable, R> =>
  Effect.catchIf(effect, isEngineFailure, unavailable(operation))

/**
 * A remedy: the bundle is made anew.
 *
 * @category accessors
 * @since 0.1.0
 */
export const againFromFile = ({ source }: Snapshot): string => `Deploy from ${source.file} again`

/**
 * An engine that cannot be asked, in the words of the deployer contract.
 *
 * @category errors
 * @since 0.1.0
 */
export const unavailable =
  (operation: string) =>
  (error: EngineFailure): EngineUnavailable =>
    new EngineUnavailable({ flavor: "docker", operation, reason: sentence(error.message), cause: error })

/**
 * A message as a part of another sentence.
 *
 * @category accessors
 * @since 0.1.0
 */
export const sentence = (message: string): string =>
  message
    .trim()
    .replace(/\.$/, "")
    .replace(/^[A-Z](?=[a-z]* )/, (first) => first.toLowerCase())

/**
 * The folder of the image, as entries of a build context know it.
 *
 * @category accessors
 * @since 0.1.0
 */
export const belowApp = (path: string): string => path.slice(appDirectory.length + 1)

// internal

/** The script of a page. Bundles of earlier versions have none, and their programs read none. */
const pageEntry = (bundle: string, name: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const source = Path.join(bundle, name)
    const info = yield* Effect.option(fs.stat(source))
    return Option.toArray(
      Option.map(info, ({ size }) =>
        Entry.File({ path: `${appDirectory}/${name}`, mode: 0o644, source, size: Number(size) })
      )
    )
  })

type EngineFailure = Exclude<QueryError | ChangeError, OutcomeUnknown>

type FileError = PlatformError | ArchiveFailed | PackageMissing | HostUnsupported

const fileErrors: ReadonlySet<string> = new Set<FileError["_tag"]>([
  "BadArgument",
  "SystemError",
  "ArchiveFailed",
  "PackageMissing",
  "HostUnusable"
])

const engineFailures: ReadonlySet<string> = new Set<EngineFailure["_tag"]>([
  "EngineUnreachable",
  "EngineRefused",
  "EngineTimeout",
  "EngineError"
])

const isFileError = (u: unknown): u is FileError => Predicate.hasProperty(u, "_tag") && fileErrors.has(String(u._tag))

const isEngineFailure = (u: unknown): u is EngineFailure =>
  Predicate.hasProperty(u, "_tag") && engineFailures.has(String(u._tag))

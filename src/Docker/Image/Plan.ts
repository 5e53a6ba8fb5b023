/** The plan of an image, and the failures of its build. */
import { createHash } from "node:crypto"
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Contents from "../../Bundle/Contents.js"
import { names } from "../../Bundle/Names.js"
import * as StartFile from "../../Bundle/StartFile.js"
import { appDirectory, programFile, startFile } from "../../Containerized/Layout.js"
import {
  type BaseImageUnavailable,
  type ImageContentRefused,
  ImageNotBuilt,
  type ImageNotPushed
} from "../../Errors/Images.js"
import type { DeploymentSnapshotMismatch, EngineUnavailable, OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import type { External, Snapshot } from "../../Snapshot/Model.js"
import type { ChangeError, QueryError } from "../Client/Errors.js"
import { toUnavailable } from "../EngineErrors.js"
import type { Asset } from "./Assets.js"
import { Entry, text } from "./Entry.js"
import type { HostUnsupported } from "./HostBase.js"
import type { ArchiveFailed } from "./LayerTar.js"
import type { PackageMissing } from "./Packages.js"
import type { ReportProgress } from "./Progress.js"
import { withoutPlaces } from "./SourceMap.js"

/**
 * The failures of a build.
 *
 * @category errors
 * @since 0.1.0
 */
export type ImageBuildError =
  | ImageNotBuilt
  | ImageNotPushed
  | ImageContentRefused
  | BaseImageUnavailable
  | DeploymentSnapshotMismatch
  | EngineUnavailable
  | OutcomeUnknown
  | StoreError

/** A new image, on any base. */
export interface Plan {
  readonly snapshot: Snapshot
  /** The bundle's folder on this machine. */
  readonly bundle: string
  /** Its name in the engine. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly requirements: ReadonlyArray<External>
  readonly assets: ReadonlyArray<Asset>
  /** A folder that is removed after the build. */
  readonly workspace: string
  readonly report: ReportProgress
}

/** The program and the declared files, at their places in the image. */
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
    const { workingDirectory } = yield* Contents.read(bundle)
    const map = yield* Effect.option(fs.readFileString(Path.join(bundle, names.sourceMap)))
    const placeless = Option.flatMap(map, (map) => withoutPlaces(map, bundle))
    return [
      text(programFile, main),
      text(startFile, yield* StartFile.make(main, Path.basename(programFile))),
      ...Option.toArray(Option.map(placeless, (map) => text(`${programFile}.map`, map))),
      ...(yield* Effect.forEach(names.scripts, ([, name]) => scriptEntry(bundle, name))).flat(),
      Entry.Folder({ path: Path.join(appDirectory, workingDirectory), mode: 0o755 }),
      ...assets.map(({ entry }) => entry),
      ...assets.flatMap(({ entry }) => linkInWorkingDirectory(entry.path, workingDirectory))
    ]
  })

/** A link to a declared file at the place where a relative path finds it. */
const linkInWorkingDirectory = (path: string, workingDirectory: string): ReadonlyArray<Entry> => {
  const link = Path.join(appDirectory, workingDirectory, belowApp(path))
  return link === path ? [] : [Entry.Link({ path: link, mode: 0o777, target: path })]
}

/** The contents of the bundle besides its program. */
export const contentsOf = ({ bundle }: Plan) => Contents.read(bundle)

/** The files that travel with the program, at their places in the image. */
export const travelling = (plan: Plan): Effect.Effect<ReadonlyArray<Entry>, PlatformError, FileSystem.FileSystem> =>
  Effect.map(contentsOf(plan), ({ items }) =>
    items.map((item) => {
      const path = `${appDirectory}/${item.path}`
      return item._tag === "Link"
        ? Entry.Link({ path, mode: 0o777, target: item.target })
        : Entry.File({
            path,
            mode: item.executable ? 0o755 : 0o644,
            source: Path.join(plan.bundle, item.path),
            size: item.bytes
          })
    })
  )

/** A failed build. */
export const failed =
  ({ label }: Snapshot) =>
  (reason: string, remedy: string, cause?: unknown): ImageNotBuilt =>
    new ImageNotBuilt({ snapshot: label, reason, remedy, cause })

/** A failed build, because of an error whose message is a sentence. */
export const failedBy =
  (snapshot: Snapshot) =>
  (error: Error & { readonly _tag?: string }): ImageNotBuilt =>
    failed(snapshot)(
      errorClause(error),
      error._tag === "PackageMissing" ? againFromFile(snapshot) : "Nothing was deployed; correct this and try again",
      error
    )

/** Turns failures of files of this machine into a failed build. */
export const asNotBuilt =
  (snapshot: Snapshot) =>
  <A, E, R>(effect: Effect.Effect<A, E | FileError, R>): Effect.Effect<A, Exclude<E, FileError> | ImageNotBuilt, R> =>
    Effect.catchIf(effect, isFileError, (error) => failedBy(snapshot)(error))

/**
 * Turns every failure of a query into `EngineUnavailable`.
 *
 * @param operation follows "could not be asked to"
 */
export const queried = <A, E, R>(
  effect: Effect.Effect<A, E | EngineFailure, R>,
  operation: string
): Effect.Effect<A, Exclude<E, EngineFailure> | EngineUnavailable, R> =>
  Effect.catchIf(effect, isEngineFailure, toUnavailable(operation))

/** The remedy for a missing or damaged bundle. */
export const againFromFile = ({ source }: Snapshot): string => `Deploy from ${source.file} again`

/** A path of the image relative to its program folder, for the context of a build. */
export const belowApp = (path: string): string => path.slice(appDirectory.length + 1)

// internal

/** The script of a page. Bundles of earlier versions have none, and their programs read none. */
const scriptEntry = (bundle: string, name: string) =>
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

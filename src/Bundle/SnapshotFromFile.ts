import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type { DeploymentInvalidSettings } from "../Errors/Input.js"
import type { PipelineTypeErrors } from "../Errors/PipelineTypes.js"
import type { StoreError } from "../Errors/Stores.js"
import { invalidSettings } from "../Internal/InvalidSettings.js"
import { bundlingFor } from "../Settings/Bundling.js"
import * as Settings from "../Settings.js"
import type { Snapshot } from "../Snapshot/Model.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import { type BundleError, Bundler, type DescribeError, parseSource, type Source } from "./Contract.js"
import { TypeChecker } from "./TypeChecker.js"
import { withPipelineSettings } from "./WithPipelineSettings.js"

/**
 * The failures of turning a file into a snapshot.
 *
 * @category errors
 * @since 0.1.0
 */
export type FromFileError = BundleError | DescribeError | PipelineTypeErrors | DeploymentInvalidSettings | StoreError

/**
 * Bundles a module, reads its pipeline's spec and stores both as the next version of the pipeline. An equal snapshot is
 * not stored again.
 *
 * **Details**
 *
 * `source` is a path relative to the current folder, `path#export` when the module exports several pipelines, or both
 * as fields. With a `Bundle.TypeChecker` it also type-checks the module, beside bundling. `settings` belong to the snapshot: they apply to each of its deployments, and those of a call override them.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Snapshot } from "effect-deployers"
 *
 * const program = Effect.gen(function* () {
 *   const snapshot = yield* Snapshot.fromFile("examples/weather.ts#weather")
 *   yield* Effect.log(`${snapshot.label} is ready to be deployed`)
 * })
 * ```
 *
 * @category compiling
 * @since 0.1.0
 */
export const fromFile = (
  source: string | Source,
  options?: {
    readonly settings?: Settings.DeploymentInput | undefined
    /** Bundle settings besides those of the pipeline; where both say something, these win. */
    readonly bundling?: Settings.BundlingInput | undefined
  }
): Effect.Effect<Snapshot, FromFileError, Bundler | SnapshotStore> =>
  Effect.gen(function* () {
    const bundler = yield* Bundler
    const store = yield* SnapshotStore
    const settings = yield* checkSettings(options?.settings ?? {})
    const from = typeof source === "string" ? parseSource(source) : source
    const { check } = yield* TypeChecker
    const checking = yield* Effect.fork(check(from))
    const bundling = Settings.mergeBundling(options?.bundling ?? {}, bundlingFor(settings.serving))
    const { bundle, ...described } = yield* withPipelineSettings(bundler, from, bundling).pipe(
      // A type error explains why a module does not load, but not why it cannot be bundled.
      Effect.tapError((error) => (isBundleError(error) ? Fiber.interrupt(checking) : Fiber.join(checking))),
      Effect.onInterrupt(() => Fiber.interrupt(checking))
    )
    yield* Fiber.join(checking)
    yield* Effect.forEach(bundle.warnings ?? [], ({ location, reason }) =>
      Effect.logWarning(location === undefined ? reason : `${location}: ${reason}`)
    )
    return yield* store.put({
      pipelineName: described.spec.name,
      spec: described.spec,
      settings,
      bundle: { digest: bundle.digest, externals: bundle.externals },
      source: { file: bundle.source.file, export: described.export }
    })
  }).pipe(Effect.withSpan("Snapshot.fromFile"))

const isBundleError = ({ _tag }: BundleError | DescribeError): boolean =>
  _tag === "PipelineFileNotFound" || _tag === "PipelineBundleFailed"

const decodeSettings = Schema.decodeUnknown(Settings.Deployment, { errors: "all", onExcessProperty: "error" })

const checkSettings = (
  settings: Settings.DeploymentInput
): Effect.Effect<Settings.DeploymentInput, DeploymentInvalidSettings> =>
  decodeSettings(settings).pipe(Effect.as(settings), Effect.mapError(invalidSettings))

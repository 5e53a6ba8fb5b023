import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
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
 * Options of {@link fromFile}.
 *
 * @category models
 * @since 0.2.0
 */
export interface FromFileOptions {
  readonly settings?: Settings.DeploymentInput | undefined
  /** Bundle settings besides those of the pipeline; where both say something, these win. */
  readonly bundling?: Settings.BundlingInput | undefined
}

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
  options?: FromFileOptions
): Effect.Effect<Snapshot, FromFileError, Bundler | SnapshotStore> =>
  Effect.flatMap(described(source, options), ({ put, typeCheck }) => Effect.zipRight(typeCheck, put)).pipe(
    Effect.scoped,
    Effect.withSpan("Snapshot.fromFile")
  )

/**
 * A snapshot whose type check may still go on.
 *
 * @category models
 * @since 0.2.0
 */
export interface Unchecked {
  readonly snapshot: Snapshot
  /** Waits for the type check, and fails with its errors. */
  readonly typeCheck: Effect.Effect<void, PipelineTypeErrors>
}

/**
 * As {@link fromFile}, without waiting for the type check, which goes on until the scope closes.
 *
 * **Details**
 *
 * As the `gate` of a provision, the type check goes on beside the start of the new version, which gets no callers before
 * the check has passed.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Deployer, Snapshot } from "effect-deployers"
 *
 * const program = Effect.gen(function* () {
 *   const { snapshot, typeCheck } = yield* Snapshot.fromFileUnchecked("examples/weather.ts")
 *   const deployer = yield* Deployer.Deployer
 *   return yield* deployer.provision(snapshot, { name: "weather", gate: typeCheck })
 * }).pipe(Effect.scoped)
 * ```
 *
 * @category compiling
 * @since 0.2.0
 */
export const fromFileUnchecked = (
  source: string | Source,
  options?: FromFileOptions
): Effect.Effect<Unchecked, FromFileError, Bundler | SnapshotStore | Scope.Scope> =>
  Effect.flatMap(described(source, options), ({ put, typeCheck }) =>
    Effect.map(put, (snapshot) => ({ snapshot, typeCheck }))
  ).pipe(Effect.withSpan("Snapshot.fromFileUnchecked"))

// internal

/** A pipeline that can be stored as a snapshot, and its type check. */
const described = (source: string | Source, options: FromFileOptions = {}) =>
  Effect.gen(function* () {
    const bundler = yield* Bundler
    const store = yield* SnapshotStore
    const settings = yield* checkSettings(options.settings ?? {})
    const from = typeof source === "string" ? parseSource(source) : source
    const { check } = yield* TypeChecker
    const checking = yield* Effect.forkScoped(check(from))
    const bundling = Settings.mergeBundling(options.bundling ?? {}, bundlingFor(settings.serving))
    const { bundle, ...described } = yield* withPipelineSettings(bundler, from, bundling).pipe(
      // A type error explains why a module does not load, but not why it cannot be bundled.
      Effect.tapError((error) => (isBundleError(error) ? Fiber.interrupt(checking) : Fiber.join(checking)))
    )
    yield* Effect.forEach(bundle.warnings ?? [], ({ location, reason }) =>
      Effect.logWarning(location === undefined ? reason : `${location}: ${reason}`)
    )
    const put = store.put({
      pipelineName: described.spec.name,
      spec: described.spec,
      settings,
      bundle: { digest: bundle.digest, externals: bundle.externals },
      source: { file: bundle.source.file, export: described.export }
    })
    return { put, typeCheck: Fiber.join(checking) }
  })

const isBundleError = ({ _tag }: BundleError | DescribeError): boolean =>
  _tag === "PipelineFileNotFound" || _tag === "PipelineBundleFailed"

const decodeSettings = Schema.decodeUnknown(Settings.Deployment, { errors: "all", onExcessProperty: "error" })

const checkSettings = (
  settings: Settings.DeploymentInput
): Effect.Effect<Settings.DeploymentInput, DeploymentInvalidSettings> =>
  decodeSettings(settings).pipe(Effect.as(settings), Effect.mapError(invalidSettings))

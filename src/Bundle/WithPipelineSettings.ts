/** Bundles a module with the bundle settings of its own pipeline, which are known only when it has been loaded once. */
import * as Effect from "effect/Effect"
import type { PipelineBundleFailed } from "../Errors/Pipelines.js"
import { type BundlingInput, bundlingFor, mergeBundling } from "../Settings/Bundling.js"
import type { PipelineSpec } from "../Snapshot/Spec.js"
import type { Bundle, BundleError, Bundler, DescribeError, Source } from "./Contract.js"
import * as Problems from "./Problems.js"

/**
 * A bundle and the description of its pipeline.
 *
 * @category models
 * @since 0.2.0
 */
export interface DescribedBundle {
  readonly bundle: Bundle
  readonly spec: PipelineSpec
  /** The name of the export. */
  readonly export: string
}

/**
 * Bundles a module and reads its pipeline. Where the given settings and those of the pipeline say something of the same
 * package or name, the given ones win.
 *
 * @category constructors
 * @since 0.2.0
 */
export const withPipelineSettings = (
  bundler: typeof Bundler.Service,
  source: Source,
  given: BundlingInput = {}
): Effect.Effect<DescribedBundle, BundleError | DescribeError> =>
  Effect.gen(function* () {
    const first = yield* describedWith(bundler, source, given).pipe(
      Effect.catchTag("PipelineBundleFailed", (error) => withSomeLoader(bundler, source, given, error))
    )
    const own = yield* ownSettings(source, first.spec)
    return own === undefined ? first : yield* describedWith(bundler, source, mergeBundling(own, given))
  })

// internal

/** The bundle settings of a pipeline, with those that its serving settings ask for. */
const ownSettings = (
  { file }: Source,
  { bundling, serving }: PipelineSpec
): Effect.Effect<BundlingInput | undefined, PipelineBundleFailed> => {
  const asked = bundlingFor(serving)
  if (serving["static"] === undefined && asked.postgres !== true) return Effect.succeed(bundling)
  return serving["static"] !== undefined && asked.assets?.length === 0
    ? Problems.failed(file, "static.folder: an absolute path does not travel; give it relative to package.json")
    : Effect.succeed(mergeBundling(bundling ?? {}, asked))
}

const describedWith = (bundler: typeof Bundler.Service, source: Source, settings: BundlingInput) =>
  Effect.gen(function* () {
    const bundle = yield* bundler.bundle(source, settings)
    return { bundle, ...(yield* bundler.describe(bundle)) }
  })

/** The pipeline may name the loaders that it needs to be loaded, so they are texts at first. */
const withSomeLoader = (
  bundler: typeof Bundler.Service,
  source: Source,
  given: BundlingInput,
  error: PipelineBundleFailed
) =>
  Effect.gen(function* () {
    const extensions = Problems.extensionsWithoutLoader(error)
    if (extensions.length === 0) return yield* error
    const loader = Object.fromEntries(extensions.map((extension) => [extension, "text" as const]))
    const found = yield* Effect.mapError(describedWith(bundler, source, mergeBundling({ loader }, given)), () => error)
    const named = Object.keys(found.spec.bundling?.loader ?? {})
    return extensions.every((extension) => named.includes(extension)) ? found : yield* error
  })

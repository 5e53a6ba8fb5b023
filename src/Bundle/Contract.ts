import type { PlatformError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type {
  PipelineExportInvalid,
  PipelineExportNotFound,
  PipelineSchemaUnsupported
} from "../Errors/Descriptions.js"
import type { PipelineBundleFailed, PipelineFileNotFound, PipelineLoadFailed } from "../Errors/Pipelines.js"
import type { BundlingInput } from "../Settings/Bundling.js"
import type { External } from "../Snapshot/Model.js"
import type { PipelineSpec } from "../Snapshot/Spec.js"

import type { Contents } from "./Contents.js"

/**
 * A bundle on disk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bundle {
  /** SHA-256 (hex) of the file. */
  readonly digest: string
  /**
   * The folder it is in: `main.mjs` is the program, `start.mjs` runs it with V8's code cache, `node_modules` holds links to
   * its external packages.
   */
  readonly directory: string
  /** The program: `node main.mjs serve MANIFEST`, or `node main.mjs describe`. */
  readonly main: string
  /** Native packages, for images of other machines. */
  readonly externals: ReadonlyArray<External>
  /** The files that travel with it, and the start of its service. */
  readonly contents?: Contents | undefined
  /** Code that could not be followed and may fail at run time. */
  readonly warnings?: ReadonlyArray<Warning> | undefined
  /** Its source: the absolute path, and the export if one was chosen. */
  readonly source: Source
}

/**
 * The place of a pipeline: a module file and, unless the module exports exactly one pipeline, the name of the export.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  readonly file: string
  readonly export?: string | undefined
}

/**
 * Code that could not be followed while a bundle was built.
 *
 * @category models
 * @since 0.2.0
 */
export interface Warning {
  /** The fact and the setting that helps. */
  readonly reason: string
  /** `file:line:column`, when known. */
  readonly location?: string | undefined
}

/**
 * The failures of bundling.
 *
 * @category errors
 * @since 0.1.0
 */
export type BundleError = PipelineFileNotFound | PipelineBundleFailed

/**
 * The failures of reading a spec from a bundle.
 *
 * @category errors
 * @since 0.1.0
 */
export type DescribeError =
  | PipelineExportNotFound
  | PipelineExportInvalid
  | PipelineLoadFailed
  | PipelineSchemaUnsupported

/**
 * Builds bundles and reads specs from them.
 *
 * @category services
 * @since 0.1.0
 */
export class Bundler extends Context.Tag("effect-deployers/Bundle/Bundler")<
  Bundler,
  {
    /** Bundles a module into the home's `bundles` folder. The same input gives the same digest and is written once. */
    readonly bundle: (source: Source, settings?: BundlingInput) => Effect.Effect<Bundle, BundleError>
    /**
     * Removes the bundles whose digests are not used, except those of the last hour: a deploy in progress has its bundle
     * before its snapshot. Returns their number.
     */
    readonly removeUnused: (used: ReadonlySet<string>) => Effect.Effect<number, PlatformError>
    /** Loads the bundle in a process of its own and reads the pipeline's spec and the name of its export. */
    readonly describe: (
      bundle: Bundle
    ) => Effect.Effect<{ readonly spec: PipelineSpec; readonly export: string }, DescribeError>
  }
>() {}

/**
 * The time at which a bundle gets V8's code cache of its program: `"before"` its description is complete, so that every
 * process of it starts with the cache, or `"beside"` what follows. A deploy that starts one process of a new bundle is
 * faster `"beside"`, as that start saves less time than the cache takes; the scope of the bundler waits for it.
 *
 * @category services
 * @since 0.2.0
 */
export class CodeCaching extends Context.Reference<CodeCaching>()("effect-deployers/Bundle/CodeCaching", {
  defaultValue: (): "before" | "beside" => "before"
}) {}

const identifier = /^(.+)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u

/**
 * Reads `file` or `file#export` of a command line. The text after the last `#` is an export only if it is an identifier, so
 * a file may have a `#` in its name.
 *
 * @category decoding
 * @since 0.1.0
 */
export const parseSource = (text: string): Source => {
  const [, file, name] = identifier.exec(text) ?? []
  return file === undefined || name === undefined ? { file: text } : { file, export: name }
}

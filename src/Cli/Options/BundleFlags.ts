/** The flags of commands that bundle a pipeline file. */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import type { BundlingInput } from "../../Settings.js"
import { flag, texts } from "../Common.js"

/** The flags, in the order of the help. */
export const bundleFlags = {
  external: texts("external", "A package that travels as it is installed; can be repeated.", "PACKAGE"),
  asset: texts("asset", "Files that travel, relative to the folder of package.json; can be repeated.", "GLOB"),
  loader: texts(
    "loader",
    "The value of imported files of an extension: text, path or bytes; can be repeated.",
    ".EXT=text|file|binary"
  ).pipe(Options.filterMap((pairs) => loadersOf(pairs), "Write --loader as .EXT=text, .EXT=file or .EXT=binary.")),
  conditions: texts("conditions", "A condition of packages' exports, besides Node's own; can be repeated.", "NAME"),
  define: texts(
    "define",
    "A name in the code and the JavaScript that takes its place; can be repeated.",
    "NAME=EXPRESSION"
  ).pipe(Options.filterMap((pairs) => pairsOf(pairs), "Write --define as NAME=EXPRESSION.")),
  postgres: flag("postgres", "Take the client of PostgreSQL into the bundle, as --run-store-secret does."),
  nodeOption: texts("node-option", "An option of Node for the service; can be repeated.", "OPTION"),
  import: texts("import", "A module that is loaded before the pipeline; can be repeated.", "FILE|PACKAGE")
} as const

/** Values of {@link bundleFlags}. */
export interface BundleFlags {
  readonly external: ReadonlyArray<string>
  readonly asset: ReadonlyArray<string>
  readonly loader: Readonly<Record<string, "text" | "file" | "binary">>
  readonly conditions: ReadonlyArray<string>
  readonly define: Readonly<Record<string, string>>
  readonly postgres: boolean
  readonly nodeOption: ReadonlyArray<string>
  readonly import: ReadonlyArray<string>
}

/** The bundle settings that flags give. */
export const bundlingOf = (given: BundleFlags): BundlingInput => ({
  external: given.external,
  assets: given.asset,
  loader: given.loader,
  conditions: given.conditions,
  define: given.define,
  postgres: given.postgres,
  nodeOption: given.nodeOption,
  import: given.import
})

// internal

const pairsOf = (pairs: ReadonlyArray<string>): Option.Option<Readonly<Record<string, string>>> => {
  const entries = pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const)
  return pairs.every((pair) => pair.indexOf("=") > 0) ? Option.some(Object.fromEntries(entries)) : Option.none()
}

const isLoader = (value: string): value is "text" | "file" | "binary" => ["text", "file", "binary"].includes(value)

const loadersOf = (pairs: ReadonlyArray<string>): Option.Option<BundleFlags["loader"]> =>
  Option.flatMap(pairsOf(pairs), (found) => {
    const loaders = Object.entries(found).flatMap(([extension, loader]) =>
      isLoader(loader) ? [[extension, loader] as const] : []
    )
    return loaders.length === pairs.length ? Option.some(Object.fromEntries(loaders)) : Option.none()
  })

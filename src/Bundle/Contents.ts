/** The list of the files that travel with a bundle, and the way its service is started. */
import { createHash } from "node:crypto"
import * as NodePath from "node:path"
import { pathToFileURL } from "node:url"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Bundling } from "../Settings/Bundling.js"
import { names } from "./Names.js"

/**
 * A file that travels with a bundle, or a link between places. Paths are relative to the folder of the bundle, with `/`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Item = Schema.Union(
  Schema.TaggedStruct("File", {
    path: Schema.String,
    /** SHA-256 (hex). */
    digest: Schema.String,
    bytes: Schema.Int,
    executable: Schema.Boolean
  }),
  Schema.TaggedStruct("Link", { path: Schema.String, target: Schema.String })
)

export type Item = typeof Item.Type

/**
 * The contents of a bundle besides the program, and the way its service is started.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Contents = Schema.Struct({
  formatVersion: Schema.Literal(1),
  /** The working directory of the service, relative to the folder of the bundle. */
  workingDirectory: Schema.String,
  /** Options of Node. */
  nodeOptions: Schema.Array(Schema.String),
  /** Modules that are loaded before the program, relative to the folder of the bundle. */
  imports: Schema.Array(Schema.String),
  /** Names of the native packages of the serving runtime, which are beside the program. */
  natives: Schema.Array(Schema.String),
  items: Schema.Array(Item)
})

export type Contents = typeof Contents.Type

/** The contents of a bundle with what was found. */
export const make = (
  found: Pick<Contents, "workingDirectory" | "imports" | "items" | "natives">,
  settings: Pick<Bundling, "conditions" | "nodeOption">
): Contents => ({
  formatVersion: 1,
  workingDirectory: found.workingDirectory,
  nodeOptions: [...settings.conditions.map((condition) => `--conditions=${condition}`), ...settings.nodeOption],
  imports: found.imports,
  natives: found.natives,
  items: found.items.filter(({ path }) => !found.natives.some((name) => path === `node_modules/${name}`))
})

/** True if nothing is there besides the program and an empty working directory. */
export const isEmpty = ({ imports, items, nodeOptions }: Contents): boolean =>
  items.length === 0 && imports.length === 0 && nodeOptions.length === 0

const encode_ = Schema.encodeSync(Schema.parseJson(Contents))

/** The text of `contents.json`. */
export const encode = (contents: Contents): string => `${encode_(contents)}\n`

/** Reads the text of `contents.json`. */
export const decode = Schema.decode(Schema.parseJson(Contents))

/** SHA-256 (hex) of the text of `contents.json`. */
export const digest = (contents: Contents): string => createHash("sha256").update(encode(contents)).digest("hex")

/** The arguments of Node before the program, for a bundle in a folder. */
export const nodeArguments = ({ imports, nodeOptions }: Contents, folder: string): ReadonlyArray<string> => [
  ...nodeOptions,
  ...imports.map((path) => `--import=${pathToFileURL(NodePath.join(folder, path)).href}`)
]

/** Reads the contents of a bundle in a folder; none for a bundle that was written before bundles had any. */
export const read = (folder: string): Effect.Effect<Contents, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = NodePath.join(folder, names.contents)
    if (!(yield* fs.exists(file))) return none
    return yield* Effect.orElseSucceed(Effect.flatMap(fs.readFileString(file), decode), () => none)
  })

/** True if a package is among the files of the pipeline. */
export const hasPackage = ({ items }: Contents, name: string): boolean =>
  items.some(({ path }) => path.startsWith(`${names.files}/`) && path.includes(`node_modules/${name}/`))

/** The contents of a bundle that was written before bundles had any. */
export const none: Contents = {
  formatVersion: 1,
  workingDirectory: ".",
  nodeOptions: [],
  imports: [],
  natives: [],
  items: []
}

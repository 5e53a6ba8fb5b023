/** The settings of a bundle: what it contains, and how Node starts it. */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { withDefault } from "./Fields.js"
import { assetsOf } from "./StaticFiles.js"

const Extension = Schema.String.pipe(
  Schema.pattern(/^\.[^./\\\s]+$/, { message: () => 'must be a file extension with its dot, such as ".sql"' })
)

const PackageName = Schema.String.pipe(
  Schema.pattern(/^(?:@[^/@\s]+\/)?[^./@\s][^/@\s]*$/, {
    message: () => 'must be the name of a package, such as "pg" or "@scope/name"'
  })
)

const Glob = Schema.NonEmptyString.pipe(
  Schema.filter((glob) => !glob.startsWith("/") || "must be relative to the folder of the project's package.json")
)

const NodeOption = Schema.String.pipe(
  Schema.pattern(/^--[a-z]/, { message: () => 'must be one option of Node with its value, such as "--no-warnings"' }),
  Schema.filter(
    (option) => !refusedOptions.test(option) || "is reserved: it would change how the service itself is started"
  )
)

/** Options that take the place of the program, or open a door into the process. */
const refusedOptions =
  /^--(?:eval|print|check|interactive|inspect|test|watch|run|input-type|import|require|env-file|loader)/

/**
 * The settings of a bundle. Every field has a default, so `{}` is complete.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Bundling = Schema.Struct({
  /**
   * Packages that stay packages: they travel as they are installed, and code can import them by a name that is known only
   * at run time. Default none: packages that need it are found.
   */
  external: withDefault(Schema.Array(PackageName), []),
  /** Files that travel, as globs relative to the folder of the project's `package.json`. Default: those that are found. */
  assets: withDefault(Schema.Array(Glob), []),
  /** The value of an import of a file, by extension: its text, its path, or its bytes. Default none. */
  loader: withDefault(
    Schema.Record({ key: Schema.String, value: Schema.Literal("text", "file", "binary") }).pipe(
      Schema.filter((loaders) => {
        const wrong = Object.keys(loaders).find((extension) => !Schema.is(Extension)(extension))
        return wrong === undefined || `${JSON.stringify(wrong)} must be a file extension with its dot, such as ".sql"`
      })
    ),
    {}
  ),
  /** Conditions of `exports` in package.json besides Node's own. Default none. */
  conditions: withDefault(Schema.Array(Schema.NonEmptyString), []),
  /** Names in the code and the JavaScript expressions, such as JSON, that take their place. Default none. */
  define: withDefault(Schema.Record({ key: Schema.String, value: Schema.String }), {}),
  /**
   * Takes the client of PostgreSQL into the bundle, for `runStoreSecret`; default true for a pipeline or a deploy with that
   * setting, else false.
   */
  postgres: withDefault(Schema.Boolean, false),
  /** Options of Node for the process of the service, each with its value. Default none. */
  nodeOption: withDefault(Schema.Array(NodeOption), []),
  /** Modules that are loaded before the pipeline, by path relative to the project or by package. Default none. */
  import: withDefault(Schema.Array(Schema.NonEmptyString), [])
})

/**
 * Bundle settings, complete.
 *
 * @category models
 * @since 0.2.0
 */
export type Bundling = typeof Bundling.Type

/**
 * Bundle settings as users write them: every field is optional.
 *
 * @category models
 * @since 0.2.0
 */
export type BundlingInput = typeof Bundling.Encoded

/**
 * Merges bundle settings: lists are joined, records are merged key by key, and later ones win.
 *
 * @category combining
 * @since 0.2.0
 */
export const mergeBundling = (...layers: ReadonlyArray<BundlingInput>): BundlingInput =>
  layers.reduce(
    (base, layer) => ({
      external: joined(base.external, layer.external),
      assets: joined(base.assets, layer.assets),
      loader: { ...base.loader, ...layer.loader },
      conditions: joined(base.conditions, layer.conditions),
      define: { ...base.define, ...layer.define },
      postgres: base.postgres === true || layer.postgres === true,
      nodeOption: joined(base.nodeOption, layer.nodeOption),
      import: joined(base.import, layer.import)
    }),
    {}
  )

/**
 * The bundle settings that serving settings ask for: the files of `static` travel, and a run store on PostgreSQL needs its client.
 *
 * @category accessors
 * @since 0.2.0
 */
export const bundlingFor = (serving: unknown): BundlingInput => ({
  assets: assetsOf(serving),
  postgres: Predicate.hasProperty(serving, "runStoreSecret") && serving.runStoreSecret !== undefined
})

/**
 * The bundle settings among the settings of a pipeline, and the others.
 *
 * @category accessors
 * @since 0.2.0
 */
export const splitBundling = <S extends object>(
  settings: S
): { readonly bundling: BundlingInput; readonly others: Omit<S, keyof BundlingInput> } => {
  const fields = Object.entries(settings)
  const isBundling = ([name]: readonly [string, unknown]) => name in Bundling.fields
  return {
    bundling: Object.fromEntries(fields.filter(isBundling)) as BundlingInput,
    others: Object.fromEntries(fields.filter((field) => !isBundling(field))) as Omit<S, keyof BundlingInput>
  }
}

// internal

const joined = (base: ReadonlyArray<string> = [], layer: ReadonlyArray<string> = []): ReadonlyArray<string> => [
  ...new Set([...base, ...layer])
]

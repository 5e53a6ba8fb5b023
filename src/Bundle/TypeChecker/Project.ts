/** The project of a pipeline: its TypeScript, its settings, and the settings for the check of one file. */
import * as Crypto from "node:crypto"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A project that has TypeScript. */
export interface Project {
  /** The folder of its `tsconfig.json`, else that of its `package.json`. */
  readonly folder: string
  readonly tsconfig: Option.Option<string>
  /** The program of the compiler. */
  readonly compiler: string
}

type Needs = FileSystem.FileSystem | Path.Path

/** The project of a file; none if it has no TypeScript. */
export const find = (file: string): Effect.Effect<Option.Option<Project>, PlatformError, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const tsconfig = yield* above(file, "tsconfig.json")
    const manifest = yield* above(file, "package.json")
    const folder = Option.match(
      Option.orElse(tsconfig, () => manifest),
      { onNone: () => path.dirname(file), onSome: path.dirname }
    )
    const compiler = yield* firstSome(compilers, ({ bin, name }) => compilerOf(folder, name, bin))
    return Option.isNone(compiler)
      ? Option.none()
      : Option.some({ folder, compiler: compiler.value, tsconfig: yield* settingsFile(tsconfig) })
  })

/** The settings of the check of one file, and the file that keeps what the compiler knows of the last check. */
export interface Settings {
  readonly extends?: string
  readonly files: ReadonlyArray<string>
  readonly include: ReadonlyArray<string>
  readonly exclude: ReadonlyArray<string>
  readonly compilerOptions: Readonly<Record<string, unknown>>
}

/**
 * Writes the settings for the check of a file below the project's `node_modules/.cache` and returns their path. Packages
 * with types are found from there as from the project.
 */
export const configure = (project: Project, file: string): Effect.Effect<string, PlatformError, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const name = Crypto.createHash("sha256").update(file).digest("hex").slice(0, 16)
    const cache = path.join(project.folder, "node_modules", ".cache", "effect-deployers", name)
    yield* fs.makeDirectory(cache, { recursive: true })
    const config = path.join(cache, "tsconfig.json")
    yield* fs.writeFileString(config, JSON.stringify(settingsOf(project, file), undefined, 2))
    return config
  })

/** The settings of the check of a file: those of the project, for the files that it reaches. */
export const settingsOf = ({ folder, tsconfig }: Project, file: string): Settings => ({
  ...(Option.isSome(tsconfig) ? { extends: tsconfig.value } : {}),
  files: [file],
  // Declarations of the project have no importer: `declare module "*.svg"`.
  include: [`${folder}/**/*.d.ts`],
  exclude: ["node_modules", "dist", "build", "out", "coverage"].map((name) => `${folder}/**/${name}`),
  compilerOptions: {
    ...(Option.isSome(tsconfig) ? {} : defaults),
    ...(isJavaScript(file) ? { allowJs: true } : {}),
    ...checkOnly
  }
})

/** True for a file that TypeScript does not check by default. */
export const isJavaScript = (file: string): boolean => /\.[cm]?jsx?$/.test(file)

// internal

const compilers = [
  { name: "typescript", bin: "tsc" },
  { name: "@typescript/native-preview", bin: "tsgo" }
] as const

/** For a project without settings. Effect needs strict types. */
const defaults = {
  target: "es2022",
  module: "esnext",
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  experimentalDecorators: true,
  jsx: "react-jsx",
  skipLibCheck: true,
  strict: true,
  noImplicitAny: false
}

/** A check writes no output. Unused names are no faults of a service. */
const checkOnly = {
  noEmit: true,
  incremental: true,
  tsBuildInfoFile: "./tsbuildinfo",
  composite: false,
  declaration: false,
  declarationMap: false,
  emitDeclarationOnly: false,
  isolatedDeclarations: false,
  rootDir: null,
  noUnusedLocals: false,
  noUnusedParameters: false
}

/** The nearest file of a name in the folders above a path. */
const above = (from: string, name: string): Effect.Effect<Option.Option<string>, PlatformError, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = path.dirname(from)
    if (folder === from) return Option.none()
    const file = path.join(folder, name)
    return (yield* fs.exists(file)) ? Option.some(file) : yield* above(folder, name)
  })

const firstSome = <A, B, E, R>(
  all: ReadonlyArray<A>,
  find: (one: A) => Effect.Effect<Option.Option<B>, E, R>
): Effect.Effect<Option.Option<B>, E, R> =>
  Effect.reduce(all, Option.none<B>(), (found, one) => (Option.isSome(found) ? Effect.succeed(found) : find(one)))

const Manifest = Schema.parseJson(
  Schema.Struct({ bin: Schema.Union(Schema.String, Schema.Record({ key: Schema.String, value: Schema.String })) })
)

/** The program of an installed compiler. */
const compilerOf = (folder: string, name: string, bin: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const found = yield* above(path.join(folder, "file"), path.join("node_modules", name, "package.json"))
    if (Option.isNone(found)) return Option.none<string>()
    const manifest = yield* Schema.decodeOption(Manifest)(yield* fs.readFileString(found.value)).pipe(Effect.option)
    return Option.flatMap(manifest, (read) => {
      const program = typeof read.bin === "string" ? read.bin : read.bin[bin]
      return program === undefined ? Option.none() : Option.some(path.join(path.dirname(found.value), program))
    })
  })

/** Settings may only name others (`references`); then the first of them has the options of the sources. */
const settingsFile = (tsconfig: Option.Option<string>) =>
  Effect.gen(function* () {
    if (Option.isNone(tsconfig)) return tsconfig
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const text = yield* fs.readFileString(tsconfig.value)
    const [, reference] = /"references"\s*:\s*\[\s*\{\s*"path"\s*:\s*"([^"]+)"/.exec(text) ?? []
    if (reference === undefined || !/"files"\s*:\s*\[\s*\]/.test(text)) return tsconfig
    const target = path.resolve(path.dirname(tsconfig.value), reference)
    return Option.some(target.endsWith(".json") ? target : path.join(target, "tsconfig.json"))
  })

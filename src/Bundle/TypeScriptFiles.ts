/**
 * Modules in TypeScript that Node loads by their own name: scripts of workers and processes, preloads, and those that they
 * import. Node 20 reads no TypeScript, so the JavaScript of each travels, too, where the hooks of Node find it.
 */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Service from "./Esbuild.js"
import * as Packages from "./Packages.js"

/** True for a module in TypeScript outside of packages. */
export const is = (file: string): boolean =>
  /\.(?:[cm]?ts|tsx)$/.test(file) && !/\.d\.[cm]?ts$/.test(file) && !/[\\/]node_modules[\\/]/.test(file)

/** The JavaScript of a module for one of Node's two loaders. */
export interface Compiled {
  readonly loader: "import" | "require"
  readonly text: string
}

/**
 * The JavaScript of a module, as its folder says: an ES module, or one for `import` and one for `require`. A module that is
 * only CommonJS has none for `import`: Node imports the one for `require`. A module with a fault has none at all.
 */
export const compile = (
  file: string,
  text: string
): Effect.Effect<ReadonlyArray<Compiled>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const isModule = file.endsWith(".mts") || (!isCts(file) && (yield* Packages.isModuleFolder(NodePath.dirname(file))))
    const loaders: ReadonlyArray<Compiled["loader"]> = isModule
      ? ["import"]
      : isCts(file) || isCommonJs(text)
        ? ["require"]
        : ["import", "require"]
    const compiled = yield* Effect.forEach(loaders, (loader) =>
      Effect.option(Effect.map(toJavaScript(file, text, loader), (text): Compiled => ({ loader, text })))
    )
    return compiled.flatMap(Option.toArray)
  })

/** The modules in TypeScript that a text names as files of a folder, also by the names of their JavaScript. */
export const namedIn = (folder: string, text: string): Scripts =>
  Effect.map(
    Effect.forEach(pathsIn(folder, text), (path) => find(path)),
    (found) => found.flatMap(Option.toArray)
  )

/** The same as {@link namedIn}, with scripts in JavaScript. */
export const scriptsIn = (folder: string, text: string): Scripts =>
  Effect.map(
    Effect.forEach(pathsIn(folder, text), (path) =>
      Effect.if(isFile(path), { onTrue: () => Effect.succeedSome(path), onFalse: () => find(path) })
    ),
    (found) => found.flatMap(Option.toArray)
  )

/** The module in TypeScript at a path, if no other file is there. */
export const find = (path: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    if (yield* isFile(path)) return Option.liftPredicate(is)(path)
    return yield* Effect.findFirst(candidates(path).filter(is), isFile)
  })

/** The module at a path with or without its extension, in JavaScript or TypeScript, or the file itself. */
export const module = (path: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  Effect.findFirst(
    [path, ...candidates(path), ...[".js", ".mjs", ".cjs", "/index.js"].map((end) => `${path}${end}`)],
    isFile
  )

// internal

type Scripts = Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem>

const pathsIn = (folder: string, text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(path)].map(([, name = ""]) => NodePath.resolve(folder, name)))

const isFile = (path: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(({ type }) => type === "File"),
    Effect.orElseSucceed(() => false)
  )

const isCts = (file: string): boolean => file.endsWith(".cts")

/** The rule of Node for CommonJS, with the two forms of TypeScript. */
const isCommonJs = (text: string): boolean =>
  /^\s*(?:export\s*=|import\s+\w+\s*=\s*require\b)/m.test(text) || !/^\s*(?:export|import)\b(?!\s*\()/m.test(text)

const toJavaScript = (file: string, text: string, loader: Compiled["loader"]): Effect.Effect<string, unknown> =>
  Service.transform(text, {
    loader: file.endsWith("x") ? "tsx" : "ts",
    format: loader === "import" ? "esm" : "cjs",
    target: "node20",
    sourcefile: NodePath.basename(file),
    sourcemap: "inline",
    logLevel: "silent",
    ...(loader === "import" && commonJsNames.test(text) ? withCommonJsNames : {})
  })

const commonJsNames = /\b(?:require|__filename|__dirname)\b/

/** An ES module in a folder of CommonJS may use the names that its compiler would leave. */
const withCommonJsNames = {
  define: { require: "$deployersRequire", __filename: "$deployersFilename", __dirname: "$deployersDirname" },
  banner: [
    'import{createRequire as $deployersMakeRequire}from"node:module";',
    "const $deployersRequire=$deployersMakeRequire(import.meta.url),",
    "$deployersFilename=import.meta.filename,$deployersDirname=import.meta.dirname;"
  ].join("")
}

/** A relative path of a module in quotes: of TypeScript, or of the JavaScript that a compiler would make of it. */
const path = /["'`](\.{0,2}\/?(?:[\w@.-]+\/)*[\w@.-]+\.[cm]?[jt]sx?)["'`]/g

const candidates = (path: string): ReadonlyArray<string> =>
  /\.[cm]?jsx?$/.test(path)
    ? [path.replace(/js(x?)$/, "ts$1"), path.replace(/jsx?$/, "tsx")]
    : [".ts", ".tsx", ".mts", ".cts", "/index.ts"].map((ending) => `${path}${ending}`)

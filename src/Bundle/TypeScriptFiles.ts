/**
 * Modules in TypeScript that Node loads by their own name: scripts of workers and processes, preloads, and those that they
 * import. Node 20 reads no TypeScript, so each has its JavaScript beside it, where a hook of Node finds it.
 */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Service from "./Esbuild.js"

/** True for a module in TypeScript outside of packages. */
export const is = (file: string): boolean =>
  /\.m?tsx?$/.test(file) && !/\.d\.m?ts$/.test(file) && !/[\\/]node_modules[\\/]/.test(file)

/** The text of a module as JavaScript; none if it has a fault. */
export const toJavaScript = (file: string, text: string): Effect.Effect<Option.Option<string>> =>
  Effect.option(
    Service.transform(text, {
      loader: file.endsWith("x") ? "tsx" : "ts",
      format: "esm",
      target: "node20",
      sourcefile: NodePath.basename(file),
      sourcemap: "inline",
      logLevel: "silent"
    })
  )

/** The modules in TypeScript that a text names as files, also by the names of their JavaScript. */
export const namedIn = (
  file: string,
  text: string
): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> => {
  const paths = [...text.matchAll(path)].map(([, name = ""]) => NodePath.resolve(NodePath.dirname(file), name))
  return Effect.map(
    Effect.forEach(new Set(paths), (path) => find(path)),
    (found) => found.flatMap(Option.toArray)
  )
}

/** The module in TypeScript at a path, if no other file is there. */
export const find = (path: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const isFile = (candidate: string) =>
      Effect.orElseSucceed(
        Effect.map(fs.stat(candidate), ({ type }) => type === "File"),
        () => false
      )
    if (yield* isFile(path)) return Option.liftPredicate(is)(path)
    return yield* Effect.findFirst(candidates(path).filter(is), isFile)
  })

/** The name of the JavaScript of a module, beside it. */
export const compiledName = (path: string): string => `${path}.mjs`

/** The modules that teach Node the names, in the folder of a bundle. The first one is loaded before the program. */
export const loader: Readonly<Record<"register" | "hooks", { readonly path: string; readonly text: string }>> = {
  register: {
    path: "typescript.mjs",
    text: `import { register } from "node:module"\nregister("./typescript-hooks.mjs", import.meta.url)\n`
  },
  hooks: {
    path: "typescript-hooks.mjs",
    text: `import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const compiled = (url) => fileURLToPath(url.split(/[?#]/)[0]) + ".mjs"

const named = (specifier, parent) => {
  if (!/^(?:\\.{1,2}\\/|file:)/.test(specifier)) return undefined
  const { href } = new URL(specifier, parent)
  const candidates = /\\.m?jsx?$/.test(href)
    ? [href.replace(/js(x?)$/, "ts$1"), href.replace(/jsx?$/, "tsx")]
    : [href + ".ts", href + ".tsx", href + ".mts", href + "/index.ts"]
  return candidates.find((url) => existsSync(compiled(url)))
}

export const resolve = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    const url = named(specifier, context.parentURL)
    if (url === undefined) throw error
    return { url, shortCircuit: true }
  }
}

export const load = async (url, context, next) =>
  /^file:.*\\.m?tsx?(?:[?#]|$)/.test(url) && existsSync(compiled(url))
    ? { format: "module", source: await readFile(compiled(url)), shortCircuit: true }
    : next(url, context)
`
  }
}

// internal

/** A relative path of a module in quotes: of TypeScript, or of the JavaScript that a compiler would make of it. */
const path = /["'`](\.{0,2}\/?(?:[\w@.-]+\/)*[\w@.-]+\.m?[jt]sx?)["'`]/g

const candidates = (path: string): ReadonlyArray<string> =>
  /\.m?jsx?$/.test(path)
    ? [path.replace(/js(x?)$/, "ts$1"), path.replace(/jsx?$/, "tsx")]
    : [".ts", ".tsx", ".mts", "/index.ts"].map((ending) => `${path}${ending}`)

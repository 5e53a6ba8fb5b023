/** The modules of a bundle that teach Node to load the JavaScript of modules in TypeScript under their own names. */
import { names } from "./Names.js"

/** A module in the folder of a bundle. */
interface Loader {
  readonly path: string
  readonly text: string
}

/**
 * The place of the JavaScript of a module, not beside it: a folder of modules has only the names that it has in the project,
 * so that code may list them and load each.
 */
export const placeOf = (path: string, loader: "import" | "require"): string =>
  `${folder}/${path.slice(names.files.length + 1)}.${loader === "import" ? "mjs" : "cjs"}`

/** The module that is loaded before the program. */
export const register: Loader = {
  path: "typescript.mjs",
  text: `import { existsSync, readFileSync } from "node:fs"
import Module, { register } from "node:module"
import { sep } from "node:path"
import { fileURLToPath } from "node:url"

register("./typescript-hooks.mjs", import.meta.url)

const files = fileURLToPath(new URL("./files/", import.meta.url))
const compiled = fileURLToPath(new URL("./compiled/", import.meta.url))
const compiledOf = (file, extension) => compiled + file.slice(files.length) + extension

for (const extension of [".ts", ".tsx", ".mts", ".cts"]) {
  const other = Module._extensions[extension] ?? Module._extensions[".js"]
  Module._extensions[extension] = (module, file) => {
    const isOwn = file.startsWith(files) && !file.includes(sep + "node_modules" + sep)
    if (isOwn && existsSync(compiledOf(file, ".cjs"))) return module._compile(readFileSync(compiledOf(file, ".cjs"), "utf8"), file)
    if (isOwn && existsSync(compiledOf(file, ".mjs"))) return module._compile(readFileSync(compiledOf(file, ".mjs"), "utf8"), file)
    return other(module, file)
  }
}
`
}

/** The hooks, which Node runs in a thread of their own. */
export const hooks: Loader = {
  path: "typescript-hooks.mjs",
  text: `import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"

const files = new URL("./files/", import.meta.url).href
const compiled = new URL("./compiled/", import.meta.url).href
const compiledOf = (url, extension) => new URL(compiled + url.slice(files.length) + extension)
const isOwn = (url) => url.startsWith(files) && /\\.(?:[cm]?ts|tsx)$/.test(url)
const isCompiled = (url) => isOwn(url) && [".mjs", ".cjs"].some((extension) => existsSync(compiledOf(url, extension)))

const named = (specifier, parent) => {
  if (!/^(?:\\.{1,2}\\/|file:)/.test(specifier)) return undefined
  const { href } = new URL(specifier, parent)
  const candidates = /\\.[cm]?jsx?$/.test(href)
    ? [href.replace(/js(x?)$/, "ts$1"), href.replace(/jsx?$/, "tsx")]
    : [href + ".ts", href + ".tsx", href + ".mts", href + ".cts", href + "/index.ts"]
  return candidates.find(isCompiled)
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

export const load = async (url, context, next) => {
  const [file] = url.split(/[?#]/)
  if (!isCompiled(file)) return next(url, context)
  return existsSync(compiledOf(file, ".mjs"))
    ? { format: "module", source: await readFile(compiledOf(file, ".mjs")), shortCircuit: true }
    : { format: "commonjs", source: null, shortCircuit: true }
}
`
}

// internal

const folder = "compiled"

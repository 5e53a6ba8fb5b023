#!/usr/bin/env node
/**
 * The `deployers` program. The build makes a few scripts of all modules of `Cli/Program.ts`, in the folder `program`: one file
 * opens instead of hundreds, and V8 takes a code cache for scripts, so that nothing is compiled. Without these scripts the
 * modules run.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { Script } from "node:vm"

const root = dirname(fileURLToPath(import.meta.url))
const scripts = join(root, "program")
const entry = "Program.cjs"
const digestBytes = 32

const digestOf = (content: Uint8Array): Buffer => createHash("sha256").update(content).digest()

/** A cache has the functions of the run that wrote it. Help needs few of them, so it has a cache of its own. */
const use = process.argv.slice(2).some((argument) => /^(-h|--help|--version)$/.test(argument)) ? "help" : "run"

const cacheNameOf = (text: Uint8Array): string => `${digestOf(text).toString("hex", 0, 16)}-${use}.cache`

/** The result of an operation on files, or `undefined`: the program runs without its cache, too. */
const attempt = <A>(run: () => A): A | undefined => {
  try {
    return run()
  } catch {
    return undefined
  }
}

/** The folder of code caches of this user. */
const cacheFolder = (): string =>
  join(
    process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"),
    "effect-deployers",
    `${process.version}-${process.arch}`
  )

const isOwn = ({ uid }: fs.Stats): boolean => process.getuid === undefined || uid === process.getuid()

/**
 * V8 checks the length and the origin of a cache, not its content, and one wrong byte can end the process: so a digest
 * precedes it. The file of another user is not read.
 */
const readCache = (name: string): Buffer | undefined =>
  attempt(() => {
    const descriptor = fs.openSync(join(cacheFolder(), name), fs.constants.O_RDONLY)
    try {
      if (!isOwn(fs.fstatSync(descriptor))) return undefined
      const file = fs.readFileSync(descriptor)
      const content = file.subarray(digestBytes)
      return digestOf(content).equals(file.subarray(0, digestBytes)) ? content : undefined
    } finally {
      fs.closeSync(descriptor)
    }
  })

const writeCache = (name: string, script: Script): void => {
  attempt(() => {
    const folder = cacheFolder()
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    const draft = join(folder, `${name}.${process.pid}`)
    const content = script.createCachedData()
    fs.writeFileSync(draft, Buffer.concat([digestOf(content), content]), { mode: 0o600, flag: "wx" })
    fs.renameSync(draft, join(folder, name))
  })
}

type Exports = Record<string, unknown>
type Run = (
  exports: Exports,
  module: { exports: Exports },
  require: (specifier: string) => unknown,
  load: (specifier: string) => Promise<unknown>,
  meta: (name: string) => { readonly url: string; readonly filename: string; readonly dirname: string }
) => void

/** The `import.meta` of a module in a script: its place in the build. */
const meta: Parameters<Run>[4] = (name) => {
  const filename = join(root, name)
  return { url: pathToFileURL(filename).href, filename, dirname: dirname(filename) }
}

/** The scripts without a cache. It is written at the end, with the functions that were compiled until then. */
const uncached = new Map<string, Script>()
process.once("exit", () => {
  for (const [name, script] of uncached) writeCache(name, script)
})

const native = createRequire(import.meta.url)
const modules = new Map<string, { exports: Exports }>()

const isScript = (specifier: string): boolean => specifier.startsWith("./")

const require = (specifier: string): unknown => (isScript(specifier) ? run(specifier.slice(2)) : native(specifier))

const load = async (specifier: string): Promise<unknown> =>
  isScript(specifier) ? run(specifier.slice(2)) : import(specifier)

const run = (name: string): Exports => {
  const known = modules.get(name)
  if (known !== undefined) return known.exports
  const module = { exports: {} }
  modules.set(name, module)
  const filename = join(scripts, name)
  const text = fs.readFileSync(filename)
  const cacheName = cacheNameOf(text)
  const cachedData = readCache(cacheName)
  const script = new Script(`(function(exports,module,require,$load,$meta){${text.toString("latin1")}\n})`, {
    filename,
    cachedData
  })
  if (script.cachedDataRejected !== false) uncached.set(cacheName, script)
  const evaluate: Run = script.runInThisContext()
  evaluate(module.exports, module, require, load, meta)
  return module.exports
}

/** `dev` runs the user's code in this process: Effect is the installed one there. */
const sharesEffect = process.argv.includes("dev")

if (!fs.existsSync(join(scripts, entry))) await import("./Cli/Program.js")
else if (sharesEffect) await import(pathToFileURL(join(scripts, "modules.mjs")).href)
else run(entry)

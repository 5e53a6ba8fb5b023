/** The texts of prepared modules: JavaScript without comments, with imports that name files. */
import * as NodePath from "node:path"
import * as Effect from "effect/Effect"
import type { ImportSpecifier } from "es-module-lexer"
import type * as Esbuild from "esbuild"
import * as Service from "./Esbuild.js"
import * as Packages from "./Packages.js"

/**
 * The text of each prepared module, by its place.
 *
 * @param files The place of each module.
 * @param conditions Conditions of the `exports` of packages.
 */
export const texts = (
  files: ReadonlyMap<string, string>,
  conditions: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<readonly [file: string, text: string]>, unknown> => {
  const found: Array<readonly [string, string]> = []
  const originals = new Map([...files].map(([file, place]) => [place, file] as const))
  const finish: Esbuild.Plugin = {
    name: `${Packages.libraryName}/prepare`,
    setup: (build) =>
      build.onEnd(async ({ outputFiles = [] }) => {
        const { init, parse } = await import("es-module-lexer")
        await init
        const resolve = resolver(build, files)
        for (const { path, text } of outputFiles) {
          found.push([
            path,
            await withFiles(parse(text)[0], { text, path, original: originals.get(path) ?? path }, resolve)
          ])
        }
      })
  }
  return Effect.as(
    Service.build({
      entryPoints: [...files].map(([file, place]) => ({ in: file, out: place.slice(1, -".mjs".length) })),
      outdir: "/",
      outExtension: { ".js": ".mjs" },
      bundle: false,
      write: false,
      platform: "node",
      format: "esm",
      legalComments: "none",
      logLevel: "silent",
      conditions: ["module-sync", ...conditions],
      plugins: [finish]
    }),
    found
  )
}

// internal

type Resolve = (specifier: string, importer: string) => Promise<string | undefined>

/** The prepared file of an import, if there is one. All imports of Effect are resolved from this library, as in a bundle. */
const resolver = (build: Esbuild.PluginBuild, files: ReadonlyMap<string, string>): Resolve => {
  const known = new Map<string, Promise<string | undefined>>()
  const ask = async (path: string, resolveDir: string) => {
    const result = await build.resolve(path, { kind: "import-statement", resolveDir })
    return result.errors.length > 0 ? undefined : files.get(result.path)
  }
  const once = (key: string, resolveDir: string, path: string) => {
    const result = known.get(key) ?? ask(path, resolveDir)
    known.set(key, result)
    return result
  }
  return async (specifier, importer) => {
    if (specifier.startsWith(".")) {
      const file = NodePath.resolve(NodePath.dirname(importer), specifier)
      return files.get(file) ?? (await once(file, NodePath.dirname(importer), specifier))
    }
    const name = Packages.nameOf(specifier)
    if (name === undefined) return undefined
    if (Packages.isEffect(name)) return once(specifier, Packages.libraryRoot, specifier)
    const folder = NodePath.dirname(importer)
    return once(`${folder} ${specifier}`, folder, specifier)
  }
}

/** The text with the names of files in its imports. An import of something that is not prepared names the original file. */
const withFiles = async (
  imports: ReadonlyArray<ImportSpecifier>,
  { original, path, text }: { readonly text: string; readonly path: string; readonly original: string },
  resolve: Resolve
): Promise<string> => {
  let result = ""
  let copied = 0
  for (const { d, e, n, s } of imports) {
    if (n === undefined || d === -2) continue
    const file = await resolve(n, original)
    const specifier =
      file === undefined
        ? n.startsWith(".")
          ? NodePath.resolve(NodePath.dirname(original), n)
          : undefined
        : `.///${NodePath.relative(NodePath.dirname(path), file)}`
    if (specifier === undefined) continue
    const quoted = JSON.stringify(specifier)
    result += text.slice(copied, s) + (d >= 0 ? quoted : quoted.slice(1, -1))
    copied = e
  }
  return result + text.slice(copied)
}

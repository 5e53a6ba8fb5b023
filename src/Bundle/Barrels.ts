/**
 * Rewrites imports from barrels as imports of their modules. For `Effect.gen` a bundler keeps all of `Effect` with
 * `import { Effect } from "effect"`, and only `gen` with `import * as Effect from "effect/Effect"`.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Esbuild from "esbuild"
import * as Packages from "./Packages.js"
import { isEffect } from "./Packages.js"
import type { Prepared } from "./PreparedRuntime.js"

/** The modules a barrel exports as namespaces, by the name of the export. */
export type Barrel = ReadonlyMap<string, string>

/** Reads the text of a barrel; `fileOf` returns the file of a relative specifier. */
export const read = (text: string, fileOf: (specifier: string) => string): Barrel =>
  new Map(
    [...text.matchAll(namespaceExport)].map(([, name = "", specifier = ""]) => [name, fileOf(specifier)] as const)
  )

/** The modules of the imports that {@link rewrite} can change. */
export const imported = (text: string): ReadonlyArray<string> => [
  ...new Set(leadingImports(text).map(({ specifier }) => specifier))
]

/**
 * Replaces imports of namespaces from barrels by imports of their modules. Everything keeps its line.
 *
 * **Details**
 *
 * Only imports at the beginning of a module are read: before them are only comments and directives, so no other text is
 * taken for an import. An import without plain names in braces is unchanged.
 */
export const rewrite = (text: string, barrels: ReadonlyMap<string, Barrel>): string => {
  let result = ""
  let copied = 0
  for (const { end, names, specifier, start } of leadingImports(text)) {
    const barrel = barrels.get(specifier)
    const deep = barrel === undefined ? [] : names.filter(({ name, isType }) => !isType && barrel.has(name))
    if (barrel === undefined || deep.length === 0) continue
    const rest = names.filter((name) => !deep.includes(name)).map(({ source }) => source)
    const statements = [
      ...deep.map(({ name, local }) => `import * as ${local} from ${JSON.stringify(barrel.get(name))};`),
      ...(rest.length === 0 ? [] : [`import { ${rest.join(", ")} } from ${JSON.stringify(specifier)};`])
    ]
    const lines = text.slice(start, end).replace(/[^\n]/g, "")
    result += text.slice(copied, start) + statements.join(" ") + lines
    copied = end
  }
  return result + text.slice(copied)
}

/** Reads the barrels that a module imports from, each once for a bundle. */
export type Reader = (
  build: Esbuild.PluginBuild,
  file: string,
  text: string
) => Effect.Effect<string, never, FileSystem.FileSystem | Path.Path>

/**
 * Makes the function that replaces imports from the barrels of `effect`, `@effect/*` and this library by imports of their
 * modules in the text of a file, where that changes only the size of the bundle.
 */
export const rewriter = (prepared: Prepared): Reader => {
  const barrels = new Map<string, Barrel>()
  return (build, file, text) =>
    Effect.gen(function* () {
      const specifiers = imported(text).filter(hasBarrel)
      if (specifiers.length === 0) return text
      const found = yield* Effect.forEach(specifiers, (specifier) =>
        Effect.map(barrelOf({ build, barrels, prepared }, file, specifier), (barrel) => [specifier, barrel] as const)
      )
      return rewrite(text, new Map(found))
    })
}

// internal

const namespaceExport = /^export \* as ([\w$]+) from "(\.[^"]+)"/gm

interface Import {
  readonly start: number
  readonly end: number
  readonly specifier: string
  readonly names: ReadonlyArray<Name>
}

interface Name {
  readonly name: string
  readonly local: string
  readonly isType: boolean
  readonly source: string
}

const trivia = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
const directive = /(?:"[^"\\\n]*"|'[^'\\\n]*')[ \t]*(?:;|(?=\r?\n))/y
const anyImport =
  /import\b(?:\s*type\b)?\s*(?:[\w$*\s,]*(?:\{[^{}"'`]*\})?\s*from\s*)?(?:"([^"\\\n]*)"|'([^'\\\n]*)')(?:[ \t]*;)?/y
const named = /^import\s*\{([^{}]*)\}\s*from\s*["'][^"']*["']\s*;?$/
const plainName = /^(?:(type)\s+)?([\w$]+)(?:\s+as\s+([\w$]+))?$/
const lineEnd = /(?!\s*with\b)[ \t]*(?:\r?\n|\/\/|$)/y

const matchAt = (pattern: RegExp, text: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index
  return pattern.exec(text)
}

/** The imports by name at the beginning of a module that end their line, so that a replacement moves nothing else. */
const leadingImports = (text: string): ReadonlyArray<Import> => {
  const found: Array<Import> = []
  let at = /^#![^\n]*/.exec(text)?.[0].length ?? 0
  for (;;) {
    at += matchAt(trivia, text, at)?.[0].length ?? 0
    const skipped = matchAt(directive, text, at)
    const statement = skipped ?? matchAt(anyImport, text, at)
    if (statement === null) return found
    const start = at
    at += statement[0].length
    const names = skipped === null ? namesOf(statement[0]) : undefined
    if (names !== undefined && matchAt(lineEnd, text, at) !== null) {
      found.push({ start, end: at, specifier: statement[1] ?? statement[2] ?? "", names })
    }
  }
}

const namesOf = (statement: string): ReadonlyArray<Name> | undefined => {
  const list = named.exec(statement)?.[1]?.trim().replace(/,$/, "")
  const names = list?.split(",").map((source) => nameOf(source.trim()))
  return names?.every((name) => name !== undefined) ? names : undefined
}

const nameOf = (source: string): Name | undefined => {
  const [, type, imported, local] = plainName.exec(source) ?? []
  return imported === undefined
    ? undefined
    : { name: imported, local: local ?? imported, isType: type !== undefined, source }
}

const hasBarrel = (specifier: string): boolean =>
  specifier === Packages.libraryName || (isEffect(specifier) && Packages.nameOf(specifier) === specifier)

interface Reading {
  readonly build: Esbuild.PluginBuild
  readonly barrels: Map<string, Barrel>
  readonly prepared: Prepared
}

/** The barrel of an import. An import that cannot be resolved has an empty one: esbuild reports it. */
const barrelOf = ({ barrels, build, prepared }: Reading, importer: string, specifier: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const resolveDir = path.dirname(importer)
    const { path: found } = yield* Effect.promise(() =>
      build.resolve(specifier, { importer, kind: "import-statement", resolveDir })
    )
    const file = prepared.originalOf(found)
    const known = barrels.get(file)
    if (known !== undefined) return known
    const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
    const fileOf = (relative: string) =>
      prepared.fileOf(path.resolve(path.dirname(file), relative.replace(/\.js$/, path.extname(file))))
    const barrel = read(text, fileOf)
    barrels.set(file, barrel)
    return barrel
  })

/**
 * The names of own classes. A bundler renames a class if another module of the program has one of the same name, and code
 * reads names: of errors, of entities, of constructors. To keep all names costs a property definition for every function
 * that is ever made, so only modules with a renamed class keep theirs.
 */
import * as NodePath from "node:path"
import * as Effect from "effect/Effect"
import type * as Esbuild from "esbuild"
import * as Service from "./Esbuild.js"

/** The own modules of one bundle that keep their names. */
export interface KeptNames {
  /** Learns which modules have a renamed class. True if there are any that were not known before. */
  readonly learn: (own: ReadonlyMap<string, string>, program: string) => boolean
  /** The text of a module as JavaScript that keeps its names; `undefined` for a module without a renamed class. */
  readonly apply: (file: string, contents: string, loader: Esbuild.Loader) => Effect.Effect<string | undefined, unknown>
}

/** Kept names of no module. */
export const make = (): KeptNames => {
  const kept = new Set<string>()
  return {
    learn: (own, program) => {
      const before = kept.size
      for (const file of renamedIn(own, program)) kept.add(file)
      return kept.size > before
    },
    apply: (file, contents, loader) => (kept.has(file) ? withNames(file, contents, loader) : Effect.succeed(undefined))
  }
}

// internal

const classes = /^[ \t]*(?:export\s+)?(?:default\s+)?(?:abstract\s+)?class\s+([\p{L}_$][\p{L}\d_$]*)/gmu

const functions =
  /^[ \t]*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\s*\*?\s*([\p{L}_$][\p{L}\d_$]*)|const\s+([\p{L}_$][\p{L}\d_$]*)\s*=\s*(?:async\s*)?(?:\(|function\b|class\b|[\w$]+\s*=>))/gmu

const unnamed =
  /^[ \t]*export\s+default\s+(?:(?:abstract\s+)?class\s*(?:extends\b|\{)|(?:async\s+)?function\s*\*?\s*\()/m

/** Functions are renamed as often as classes; their names matter only to code that reads names. */
const readsNames = /\.name\b/

const renamedIn = (own: ReadonlyMap<string, string>, program: string): ReadonlyArray<string> => {
  const patterns = [...own.values()].some((text) => readsNames.test(text)) ? [classes, functions] : [classes]
  const declared = [...own].map(([file, text]) => ({
    file,
    text,
    names: patterns.flatMap((pattern) => [...text.matchAll(pattern)].flatMap(([, one, two]) => one ?? two ?? []))
  }))
  const names = new Set(declared.flatMap(({ names }) => names))
  const renamed = names.size === 0 ? new Set<string>() : renamedOf(names, program)
  return declared.flatMap(({ file, names, text }) =>
    names.some((name) => renamed.has(name)) || (patterns.length > 1 && unnamed.test(text)) ? [file] : []
  )
}

/** The bundler adds a number to a name. */
const renamedOf = (names: ReadonlySet<string>, program: string): ReadonlySet<string> => {
  const any = [...names].map((name) => name.replaceAll("$", "\\$")).join("|")
  return new Set(
    [...program.matchAll(new RegExp(`(?<![\\w$.])(${any})\\d+(?![\\w$])`, "g"))].map(([, name = ""]) => name)
  )
}

/** A build of the one module, because only a build reads the options of its `tsconfig.json`. */
const withNames = (file: string, contents: string, loader: Esbuild.Loader) =>
  Effect.map(
    Service.build({
      entryPoints: [file],
      bundle: false,
      write: false,
      keepNames: true,
      target: "node20",
      sourcemap: "inline",
      sourcesContent: false,
      logLevel: "silent",
      absWorkingDir: NodePath.dirname(file),
      plugins: [
        {
          name: "effect-deployers/kept-names",
          setup: (build) => build.onLoad({ filter: /^/, namespace: "file" }, () => ({ contents, loader }))
        }
      ]
    }),
    ({ outputFiles }) => outputFiles[0]?.text.replace(helper, selfContained)
  )

/** The function with which the bundler gives a name, where it is called. */
const helper = /(?<![\w$.])__name(?=\()/g

/** The text of a function may be evaluated elsewhere, such as in a browser, where there is no helper. */
const selfContained = '((value, name) => Object.defineProperty(value, "name", { value: name, configurable: true }))'

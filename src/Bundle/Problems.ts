import * as Path from "node:path"
import * as Predicate from "effect/Predicate"
import type * as Esbuild from "esbuild"
import { PipelineBundleFailed } from "../Errors/Pipelines.js"
import type { Warning } from "./Contract.js"
import * as Packages from "./Packages.js"
import type { Missing } from "./Resolution.js"

type Problem = PipelineBundleFailed["problems"][number]

/** One problem without a place. */
export const failed = (file: string, reason: string): PipelineBundleFailed =>
  new PipelineBundleFailed({ file, problems: [{ reason }] })

/** The rejection of esbuild as problems that a user can correct. Locations are below `folder`. */
export const fromBuild = (file: string, folder: string, cause: unknown): PipelineBundleFailed =>
  isBuildFailure(cause)
    ? new PipelineBundleFailed({ file, problems: cause.errors.map((message) => problem(folder, message)) })
    : failed(file, `esbuild could not run: ${cause instanceof Error ? cause.message : String(cause)}`)

/** The arguments of an import or require whose pattern matches no file, when a build fails because of them. */
export const unmatched = (folder: string, cause: unknown): ReadonlyArray<Unmatched> =>
  isBuildFailure(cause)
    ? cause.errors.flatMap(({ location, text }) =>
        location !== null && /^Could not resolve (?:require|import)\(".*\*.*"\)$/.test(text)
          ? [{ ...location, file: Path.resolve(folder, location.file) }]
          : []
      )
    : []

/** The same for patterns below a folder that exists: there the bundler only warns. */
export const withoutMatch = (
  folder: string,
  messages: ReadonlyArray<Esbuild.Message>,
  own: ReadonlyMap<string, string>
): ReadonlyArray<Unmatched> =>
  messages.flatMap(({ id, location }) => {
    if (id !== "empty-glob" || location === null) return []
    const file = Path.resolve(folder, location.file)
    return own.has(file) ? [{ ...location, file }] : []
  })

/** A place in a module, in bytes of its line. */
export type Unmatched = Pick<Esbuild.Location, "file" | "line" | "column" | "length">

/** The code of own modules that a build could not follow, each with the setting that helps. */
export const warnings = (
  folder: string,
  messages: ReadonlyArray<Esbuild.Message>,
  missing: ReadonlyArray<Missing>,
  own: ReadonlyMap<string, string>
): ReadonlyArray<Warning> => {
  const followed = messages.flatMap((message) => {
    const help = helpFor[message.id]
    const file = message.location === null ? undefined : Path.resolve(folder, message.location.file)
    if (help === undefined || file === undefined || !own.has(file)) return []
    return [{ reason: help, ...locationOf(folder, message.location) }]
  })
  const unfound = missing
    .filter(({ importer }) => own.has(importer))
    .map(({ importer, specifier }) => ({
      reason: `${explainUnresolved(specifier)}; the import fails when it is reached`,
      location: importer
    }))
  return [...followed, ...unfound]
}

/** The extensions of imported files for which a build had no loader. */
export const extensionsWithoutLoader = ({ problems }: PipelineBundleFailed): ReadonlyArray<string> => [
  ...new Set(problems.flatMap(({ reason }) => /^"(\.[^"]+)" files have no loader/.exec(reason)?.[1] ?? []))
]

const helpFor: Readonly<Record<string, string>> = {
  "unsupported-dynamic-import":
    "the name of this import is known only at run time; name the package in `external`, or the file in `assets`",
  "unsupported-require-call":
    "the name of this require is known only at run time; name the package in `external`, or the file in `assets`",
  "indirect-require": "a require that is passed on cannot be followed; name its packages in `external`"
}

const isBuildFailure = (u: unknown): u is Esbuild.BuildFailure =>
  Predicate.hasProperty(u, "errors") && Array.isArray(u.errors) && u.errors.length > 0

const problem = (folder: string, { location, text }: Esbuild.Message): Problem => ({
  reason: explain(text),
  ...locationOf(folder, location)
})

const locationOf = (folder: string, location: Esbuild.Message["location"]): Pick<Problem, "location"> =>
  location === null
    ? {}
    : { location: `${Path.resolve(folder, location.file)}:${location.line}:${location.column + 1}` }

const explain = (text: string): string => {
  const [, unresolved] = /^Could not resolve "(.+)"$/.exec(text) ?? []
  if (unresolved !== undefined) return explainUnresolved(unresolved)
  const [, file, name] = /^No matching export in "(.+)" for import "(.+)"$/.exec(text) ?? []
  if (name !== undefined) {
    return `"${file}" exports no value "${name}"; if it is a type, import it with \`import type\``
  }
  const [, extension] = /^No loader is configured for "(.+)" files/.exec(text) ?? []
  if (extension !== undefined)
    return `"${extension}" files have no loader; set it, for example loader: { "${extension}": "text" } (or "file", "binary")`
  return text
}

const explainUnresolved = (specifier: string): string => {
  const name = Packages.nameOf(specifier)
  return name === undefined
    ? `"${specifier}" cannot be found`
    : `"${specifier}" cannot be found; install it with \`npm install ${name}\``
}

import * as Path from "node:path"
import * as Predicate from "effect/Predicate"
import type * as Esbuild from "esbuild"
import { PipelineBundleFailed } from "../Errors/Pipelines.js"
import * as Packages from "./Packages.js"

type Problem = PipelineBundleFailed["problems"][number]

/** One problem without a place. */
export const failed = (file: string, reason: string): PipelineBundleFailed =>
  new PipelineBundleFailed({ file, problems: [{ reason }] })

/** The rejection of esbuild as problems that a user can correct. Locations are below `folder`. */
export const fromBuild = (file: string, folder: string, cause: unknown): PipelineBundleFailed =>
  isBuildFailure(cause)
    ? new PipelineBundleFailed({ file, problems: cause.errors.map((message) => problem(folder, message)) })
    : failed(file, `esbuild could not run: ${cause instanceof Error ? cause.message : String(cause)}`)

const isBuildFailure = (u: unknown): u is Esbuild.BuildFailure =>
  Predicate.hasProperty(u, "errors") && Array.isArray(u.errors) && u.errors.length > 0

const problem = (folder: string, { location, text }: Esbuild.Message): Problem => ({
  reason: explain(text),
  ...(location === null
    ? {}
    : { location: `${Path.resolve(folder, location.file)}:${location.line}:${location.column + 1}` })
})

const explain = (text: string): string => {
  const [, unresolved] = /^Could not resolve "(.+)"$/.exec(text) ?? []
  if (unresolved !== undefined) return explainUnresolved(unresolved)
  const [, file, name] = /^No matching export in "(.+)" for import "(.+)"$/.exec(text) ?? []
  if (name !== undefined) {
    return `"${file}" exports no value "${name}"; if it is a type, import it with \`import type\``
  }
  const [, extension] = /^No loader is configured for "(.+)" files/.exec(text) ?? []
  if (extension !== undefined) return `"${extension}" files cannot be imported; read them when the pipeline starts`
  return text
}

const explainUnresolved = (specifier: string): string => {
  const name = Packages.nameOf(specifier)
  return name === undefined
    ? `"${specifier}" cannot be found`
    : `"${specifier}" cannot be found; install it with \`npm install ${name}\``
}

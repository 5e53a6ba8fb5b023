/** Checks of Node, the bundler and the project around the working directory. Pure. */
import * as Option from "effect/Option"
import type { EffectCopy, Project } from "./Facts.js"
import { count, type Finding, fault, ok, warning } from "./Finding.js"

/** Node is recent enough. */
export const node = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? ok(`Node ${version}`)
    : fault(`Node ${version} is too old.`, "Install Node 20.19 or later.")
}

/** The bundler starts. */
export const bundler: (version: Option.Option<string>) => Finding = Option.match({
  onNone: () => fault("The bundler does not start.", "Rebuild it for this platform: npm rebuild esbuild"),
  onSome: (version) => ok(`esbuild ${version}`)
})

/** Each service has one Effect: values and services of one copy are unknown to another. */
export const effect: (project: Option.Option<Project>) => Finding = Option.match({
  onNone: () => ok(outside),
  onSome: ({ copies, folder }) => {
    const [only, ...others] = copies
    if (only === undefined) return warning(`${folder} has no package effect.`, "Install it: npm install effect")
    if (others.length === 0) return ok(`Effect ${only.version}, one copy`)
    return warning(
      `The project has ${count(copies.length, "copy").replace("copys", "copies")} of Effect: ${copies.map(named).join(", ")}. Values of one copy are unknown to another.`,
      "Remove all but one: `npm dedupe`, or one version of `effect` under `overrides` of package.json."
    )
  }
})

/** The project has TypeScript, which checks types at a deploy. */
export const typescript: (project: Option.Option<Project>) => Finding = Option.match({
  onNone: () => ok(outside),
  onSome: ({ compiler, folder }) =>
    Option.match(compiler, {
      onNone: () =>
        warning(`${folder} has no TypeScript, so deploy checks no types.`, "npm install --save-dev typescript"),
      onSome: (program) => ok(`deploy checks types with ${program}`)
    })
})

// internal

const outside = "The working directory is in no project."

const named = ({ folder, version }: EffectCopy): string => `${version} in ${folder}`

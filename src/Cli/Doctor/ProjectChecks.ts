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

/** Each service has one Effect, since values and services of one copy are unknown to another, and not one that is known to be broken. */
export const effect: (project: Option.Option<Project>) => Finding = Option.match({
  onNone: () => ok(outside),
  onSome: ({ copies, folder }) => {
    const [only, ...others] = copies
    if (only === undefined) return warning(`${folder} has no package effect.`, "Install it: npm install effect")
    if (losesInterrupts.has(only.version)) {
      return warning(
        `Effect ${only.version} forgets an interrupt that comes while a scope is closed, and what waits for it then waits for ever.`,
        "Install a version without the fault: npm install effect@3.22.2"
      )
    }
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

// `Effect.addFinalizer` of these versions puts back the cause of interrupts from before the finalizer (`test/Effect.test.ts`).
const losesInterrupts: ReadonlySet<string> = new Set(["3.22.3", "3.22.4"])

const outside = "The working directory is in no project."

const named = ({ folder, version }: EffectCopy): string => `${version} in ${folder}`

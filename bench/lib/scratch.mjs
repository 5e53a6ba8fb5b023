// A folder for everything the bench writes. It is inside node_modules, so that bundles in it find their packages.
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { onEnd } from "./cleanup.mjs"
import { subjects } from "./subject.mjs"

const cache = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url))

export const makeScratch = async () => {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, "bench-"))
  onEnd(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Bundles a subject as our own bundles are made, and answers the program's path. */
export const bundleSubject = async (folder, name) => {
  const outfile = join(folder, name)
  await build({
    entryPoints: [join(subjects, name)],
    outfile,
    bundle: true,
    minify: true,
    keepNames: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
    external: ["better-sqlite3"],
    banner: { js: 'import{createRequire as __r}from"node:module";const require=__r(import.meta.url);' }
  })
  return outfile
}

// A folder for everything the bench writes. It is inside node_modules, so that bundles in it find their packages.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { onEnd } from "./cleanup.mjs"
import { median } from "./statistics.mjs"
import { subjects } from "./subject.mjs"

const cache = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url))

/** A new folder in `where` that is gone when the bench ends. */
export const makeScratch = async (where = cache) => {
  await mkdir(where, { recursive: true })
  const folder = await mkdtemp(join(where, "bench-"))
  onEnd(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Milliseconds the middle of 50 small writes takes to be on disk there. */
export const syncMillis = (folder) => {
  const path = join(folder, "sync")
  const file = openSync(path, "w")
  const times = Array.from({ length: 50 }, () => {
    const begun = performance.now()
    writeSync(file, Buffer.alloc(4096))
    fdatasyncSync(file)
    return performance.now() - begun
  })
  closeSync(file)
  rmSync(path)
  return median(times)
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

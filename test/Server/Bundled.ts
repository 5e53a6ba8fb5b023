/** Bundles of source text, without what the library does for pipeline files. */
import * as Path from "node:path"
import { Effect } from "effect"
import { build } from "esbuild"

const root = Path.resolve(import.meta.dirname, "../..")

/** Bundles a module whose imports are relative to the root of the repository. */
export const bundle = (outfile: string, contents: string) =>
  Effect.promise(() =>
    build({
      stdin: { contents, resolveDir: root, loader: "ts" },
      outfile,
      bundle: true,
      minify: true,
      platform: "node",
      format: "esm",
      logLevel: "silent",
      conditions: ["@effect-deployers/source"],
      external: ["better-sqlite3"],
      banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' }
    })
  )

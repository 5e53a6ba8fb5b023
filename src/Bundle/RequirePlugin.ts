import type * as Esbuild from "esbuild"
import * as Library from "./Library.js"

/**
 * Turns this library's import of the SQLite driver into a `require`: before Node imports a CommonJS package, it reads the
 * package's text for the names of its exports, which takes longer than loading it.
 */
export const plugin: Esbuild.Plugin = {
  name: `${Library.packageName}/require`,
  setup: (build) => {
    build.onResolve({ filter: /^better-sqlite3$/ }, ({ kind, path, resolveDir }) =>
      kind === "import-statement" && Library.isLibrarys(resolveDir)
        ? { path, namespace: required, pluginData: resolveDir }
        : undefined
    )
    build.onLoad({ filter: /^/, namespace: required }, ({ path, pluginData }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
      loader: "js",
      resolveDir: pluginData
    }))
  }
}

// internal

const required = "required"

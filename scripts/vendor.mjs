// Copies the client of `@effect/sql-sqlite-node` into the build. Each version of the package accepts one minor version of
// `@effect/sql` and `@effect/platform` as its peer; its code runs with each version that this package accepts.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { build } from "esbuild"

const name = "@effect/sql-sqlite-node/SqliteClient"
const target = "dist/Store/vendor/SqliteClient.js"

const { version } = JSON.parse(readFileSync("node_modules/@effect/sql-sqlite-node/package.json", "utf8"))
const heading = `The client of SQLite contains @effect/sql-sqlite-node ${version}:`
if (!readFileSync("THIRD-PARTY-LICENSES.txt", "utf8").includes(heading)) {
  throw new Error(`THIRD-PARTY-LICENSES.txt does not say "${heading}"; run \`node scripts/pages.mjs\``)
}

await build({
  stdin: { contents: `export { make } from "${name}"`, resolveDir: process.cwd() },
  outfile: target,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  legalComments: "none",
  banner: { js: `// @effect/sql-sqlite-node ${version}, MIT. See THIRD-PARTY-LICENSES.txt.` },
  plugins: [
    {
      name: "this-package-alone",
      setup: ({ onResolve }) =>
        onResolve({ filter: /^[^./]/ }, ({ path }) =>
          path.startsWith("@effect/sql-sqlite-node/") ? undefined : { path, external: true, sideEffects: false }
        )
    }
  ]
})

for (const file of readdirSync("dist", { recursive: true }).map((file) => join("dist", file))) {
  if (!file.endsWith(".js") || file === target) continue
  const text = readFileSync(file, "utf8")
  if (!text.includes(`"${name}"`)) continue
  const path = relative(dirname(file), target).replaceAll("\\", "/")
  writeFileSync(file, text.replaceAll(`"${name}"`, `"${path.startsWith(".") ? path : `./${path}`}"`))
}

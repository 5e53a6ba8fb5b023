// Writes the table of error codes in docs/errors.md from src/Cli/ErrorGuide. Run it after a change there:
//
//   node scripts/errors.mjs          writes the table
//   node scripts/errors.mjs --check  fails when the page differs; `npm run lint` runs it so
import { readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { build } from "esbuild"

const page = "docs/errors.md"
const begin = "<!-- codes: written by scripts/errors.mjs from src/Cli/ErrorGuide -->"
const end = "<!-- end of codes -->"

const bundled = new URL("../node_modules/.cache/error-guide.mjs", import.meta.url)
await build({
  entryPoints: ["src/Cli/ErrorGuide.ts"],
  bundle: true,
  format: "esm",
  platform: "node",
  outfile: bundled.pathname,
  packages: "external",
  logLevel: "error"
})
const { entries } = await import(pathToFileURL(bundled.pathname))

const cell = (text) => text.replaceAll("|", "\\|")
const rows = entries.map(
  ({ cause, code, remedy, tag }) => `| \`${code}\` | \`${tag}\` | ${cell(cause)} | ${cell(remedy)} |`
)
const table = ["| code | error | cause | remedy |", "|---|---|---|---|", ...rows].join("\n")

const text = readFileSync(page, "utf8")
const [head, rest] = text.split(begin)
const [, tail] = (rest ?? "").split(end)
if (tail === undefined) throw new Error(`${page} has no place for the table.`)
const made = `${head}${begin}\n${table}\n${end}${tail}`

if (made !== text && process.argv.includes("--check")) {
  process.stderr.write(`${page} differs from src/Cli/ErrorGuide; run node scripts/errors.mjs.\n`)
  process.exitCode = 1
} else {
  writeFileSync(page, made)
}

// `node scripts/path-length.mjs [ROOT]`: how many modules of `src` run for one `deployers deploy` and for one
// `POST /invoke`, counted with V8's function coverage on the built `dist` of ROOT (default: this checkout). A module counts
// when a function of it runs, other than the evaluation of the module. Of a deploy, functions that `deployers list` runs,
// too, do not count: they wire the program. Of an invoke, only functions count that ran in each of 20 calls: others belong
// to the background. `docs/architecture.md` has the results.
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const scripts = dirname(fileURLToPath(import.meta.url))
const root = resolve(process.argv[2] ?? join(scripts, ".."))

// Below the root, so that `effect-deployers` is the package itself.
mkdirSync(join(root, ".tmp"), { recursive: true })
const folder = mkdtempSync(join(root, ".tmp", "path-length-"))
try {
  cpSync(join(scripts, "path-length"), folder, { recursive: true })
  const text = execFileSync(process.execPath, [join(folder, "runner.mjs")], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, DEPLOYERS_HOME: join(folder, "home") },
    stdio: ["ignore", "pipe", "inherit"]
  })
  // The service logs to standard output, too.
  const result = JSON.parse(text.split("\n").findLast((line) => line.startsWith('{"deploy":')))
  for (const [path, files] of Object.entries(result)) {
    const functions = files.reduce((sum, [, count]) => sum + count, 0)
    process.stdout.write(`${path}: ${files.length} files, ${functions} functions\n`)
    for (const [file, count] of files) process.stdout.write(`  ${file} (${count})\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

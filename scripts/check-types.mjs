// Checks the types and the diagnostics of Effect in one pass, by a copy of TypeScript that has the diagnostics built in.
// The copy leaves the compiler in `node_modules` as it is: the type check of `deploy`, and its tests, use that one.
// An error ends the check, and so does each finding in `src`, of any severity.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"

const cache = join("node_modules", ".cache")
const versionOf = (name) => JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8")).version
const names = ["typescript", "@effect/language-service"].map(versionOf)
const compiler = join(cache, `typescript-${names.join("-effect-")}`)

const run = (...args) => spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 28 })

/** Copies and patches beside the final place, so that a script that is ended leaves nothing that looks ready. */
const prepare = () => {
  for (const old of readdirSync(cache).filter((name) => name.startsWith("typescript-")))
    rmSync(join(cache, old), { recursive: true })
  const unfinished = join(cache, `unfinished-${process.pid}`)
  cpSync(join("node_modules", "typescript"), unfinished, { recursive: true })
  const patched = run(
    join("node_modules", "@effect", "language-service", "cli.js"),
    ...["patch", "--module", "tsc", "--dir", unfinished]
  )
  if (patched.status !== 0) throw new Error(`The diagnostics were not built in: ${patched.stdout}${patched.stderr}`)
  renameSync(unfinished, compiler)
}

mkdirSync(cache, { recursive: true })
if (!existsSync(compiler)) prepare()

const buildInfo = join(cache, `check-${names.join("-effect-")}.tsbuildinfo`)
const { signal, status, stderr, stdout } = run(
  join(compiler, "lib", "tsc.js"),
  ...["-p", "tsconfig.json", "--pretty", "false", "--tsBuildInfoFile", buildInfo]
)
// A finding that spans lines begins at the start of one; its other lines are indented.
const findings = stdout.split(/\n(?=\S)/).filter((text) => /: error |^error /.test(text) || text.startsWith("src/"))
if (findings.length > 0 || signal !== null || ![0, 1, 2].includes(status)) {
  process.stderr.write(`${findings.join("\n")}\n${stderr}`)
  process.stderr.write(`${findings.length} findings in types and the use of Effect\n`)
  process.exitCode = 1
}

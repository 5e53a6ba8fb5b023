// `npm test`: type tests and all of vitest, with one closing line that counts both.
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Chromium from "./chromium.mjs"
import { ensure, stop } from "./engine.mjs"
import * as Postgres from "./postgres.mjs"

const folder = mkdtempSync(join(tmpdir(), "effect-deployers-test-"))
const report = join(folder, "vitest.json")

const say = (text) => process.stderr.write(`${text}\n`)

/** Runs a command with its output shown; resolves its exit code and what it printed. */
const run = (command, args, env = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } })
    let printed = ""
    child.stdout.on("data", (chunk) => {
      printed += chunk
      process.stdout.write(chunk)
    })
    child.on("error", () => resolve({ code: 127, printed }))
    child.on("close", (code) => resolve({ code: code ?? 1, printed }))
  })

const bin = (name) => join("node_modules", ".bin", name)
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, "")

/** The files with tests of PostgreSQL. */
const notRun = () =>
  readdirSync("test", { recursive: true })
    .filter((file) => /Postgres[^/\\]*\.test\.ts$/.test(file))
    .map((file) => join("test", file))

/** Assertions of the type tests: `Tests:      2 failed, 6 passed, 8 total`. */
const typeCounts = (printed) => {
  const line = /^Tests:(.*)$/m.exec(plain(printed))?.[1] ?? ""
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0)
  return { passed: count("passed"), failed: count("failed") }
}

const runtimeCounts = () => {
  const { numFailedTests, numFailedTestSuites, numPassedTests, testResults } = JSON.parse(readFileSync(report, "utf8"))
  const broken = testResults.filter(
    ({ assertionResults, status }) => status === "failed" && assertionResults.length === 0
  )
  return { passed: numPassedTests, failed: numFailedTests + broken.length, suites: numFailedTestSuites }
}

// No Docker test is ever skipped: without an engine the tests stop here, and say what to do.
const engine = await ensure({ say }).catch((error) => {
  rmSync(folder, { recursive: true, force: true })
  say(error.message)
  process.stdout.write("\n0 passed, 1 failed\n")
  process.exit(1)
})

// Without a browser its tests fail, and say the same.
await Chromium.ensure({ say }).catch((error) => say(error.message))

// Without a server the files with its tests do not run, which the end repeats.
const postgres = await Postgres.ensure({ say }).catch((error) => {
  say(error.message)
  return undefined
})
const needPostgres = "**/*Postgres*.test.ts"

try {
  const types = await run(bin("tstyche"), [])
  const reporters = [
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    "--reporter=./scripts/flaky-reporter.mjs"
  ]
  const excluded = postgres === undefined ? ["--exclude", needPostgres] : []
  // Real processes, sockets and engines have bad moments; what fails twice is a fault of ours.
  const runtime = await run(bin("vitest"), ["run", "--retry=1", ...reporters, ...excluded, ...process.argv.slice(2)], {
    DOCKER_HOST: engine.host,
    ...(postgres === undefined ? {} : { EFFECT_DEPLOYERS_TEST_POSTGRES: postgres.url })
  })
  const typed = typeCounts(types.printed)
  const ran = runtimeCounts()
  const failed = typed.failed + ran.failed
  const broken = types.code !== 0 || runtime.code !== 0
  if (postgres === undefined) process.stdout.write(`\nNot run, without PostgreSQL: ${notRun().join(", ")}\n`)
  process.stdout.write(`\n${typed.passed + ran.passed} passed, ${broken ? Math.max(1, failed) : failed} failed\n`)
  process.exitCode = broken ? 1 : 0
} finally {
  if (engine.owned) await stop({ wipe: true })
  if (postgres?.owned) await Postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

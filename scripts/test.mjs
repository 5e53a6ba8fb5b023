// `npm test`: type tests and all of vitest, with one closing line that counts everything. The tests on a Kubernetes cluster are
// a second run of vitest at the end, because the programs of the cluster are built beside the other tests.
//
//   node scripts/test.mjs [--kubernetes] [ARGUMENT OF VITEST]...     --kubernetes: only the tests on a cluster
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Chromium from "./chromium.mjs"
import { ensure, stop } from "./engine.mjs"
import * as Kubernetes from "./kubernetes.mjs"
import * as Postgres from "./postgres.mjs"
import * as Swarm from "./swarm.mjs"

const onlyKubernetes = process.argv.includes("--kubernetes")
const given = process.argv.slice(2).filter((argument) => argument !== "--kubernetes")
const folder = mkdtempSync(join(tmpdir(), "effect-deployers-test-"))
const flaky = join(folder, "flaky")

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

const filesOf = (root, pattern) =>
  (existsSync(root) ? readdirSync(root, { recursive: true }) : [])
    .map((file) => join(root, file))
    .filter((file) => pattern.test(file))

const hadSwarm = Swarm.exists()
const needPostgres = "**/*Postgres*.test.ts"
const postgresFiles = () => filesOf("test", /Postgres[^/\\]*\.test\.ts$/)

const needKubernetes = "test/Kubernetes/**/*.integration.test.ts"

/**
 * Files of many minutes. They run when the arguments name them, those of a swarm also in `npm run test:long`, those of a cluster
 * in `npm run test:kubernetes`.
 */
const longFiles = [
  "test/Kubernetes/DeployerSuite.integration.test.ts",
  "test/Swarm/DeployerSuite.integration.test.ts",
  "test/Swarm/Nodes.integration.test.ts"
]

const takesValue = (argument = "") => ["-t", "--testNamePattern", "--project", "--exclude"].includes(argument)

/** The names of files among the arguments. */
const filters = given.filter((argument, index) => !argument.startsWith("-") && !takesValue(given[index - 1]))
const options = given.filter((argument) => !filters.includes(argument))
const withoutProject = given.filter((argument, index) => argument !== "--project" && given[index - 1] !== "--project")

/** The files with tests on a cluster that the arguments name. */
const kubernetesFiles = filesOf("test/Kubernetes", /\.integration\.test\.ts$/).filter((file) =>
  filters.length === 0
    ? onlyKubernetes || !longFiles.includes(file)
    : filters.some((filter) => file.includes(filter.replace(/^\.\//, "")))
)

/** Assertions of the type tests: `Tests:      2 failed, 6 passed, 8 total`. */
const typeCounts = ({ code, printed }) => {
  const line = /^Tests:(.*)$/m.exec(plain(printed))?.[1] ?? ""
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0)
  return { passed: count("passed"), failed: count("failed"), broken: code !== 0 }
}

const types = async () => typeCounts(await run(bin("tstyche"), []))

/** Real processes, sockets and engines have bad moments; what fails twice is a fault of ours. */
const vitest = async (name, args, env, command = []) => {
  const report = join(folder, `${name}.json`)
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`]
  const [program, ...rest] = [...command, bin("vitest"), "run", "--retry=1", ...reporters]
  const { code } = await run(program, [...rest, "--reporter=./scripts/flaky-reporter.mjs", ...args], {
    EFFECT_DEPLOYERS_TEST_FLAKY: flaky,
    ...env
  })
  const counts = runtimeCounts(report)
  return { ...counts, isEmpty: counts.passed + counts.failed === 0, broken: code !== 0 }
}

const runtimeCounts = (report) => {
  if (!existsSync(report)) return { passed: 0, failed: 0 }
  const { numFailedTests, numPassedTests, testResults } = JSON.parse(readFileSync(report, "utf8"))
  const broken = testResults.filter(
    ({ assertionResults, status }) => status === "failed" && assertionResults.length === 0
  )
  return { passed: numPassedTests, failed: numFailedTests + broken.length }
}

const programs = kubernetesFiles.length === 0 ? undefined : Kubernetes.build()
// The reason is told at the end.
programs?.folder.catch(() => {})

// No Docker test is ever skipped: without an engine the tests stop here, and say what to do.
const engine = await ensure({ say }).catch((error) => {
  programs?.stop()
  rmSync(folder, { recursive: true, force: true })
  say(error.message)
  process.stdout.write("\n0 passed, 1 failed\n")
  process.exit(1)
})

/**
 * The projects of vitest, a run for each: the files of unit tests share the workers, and so the modules that they import; each
 * file with processes and engines has a worker of its own.
 */
const projects = { unit: ["--no-isolate"], integration: [] }

/** The projects that the arguments name, or all. */
const chosen = Object.keys(projects).filter(
  (name) => !given.includes("--project") || given[given.indexOf("--project") + 1] === name
)

/** Both projects, in turn. Names of files may be those of one alone. */
const both = async (args, env) => {
  const parts = []
  for (const name of chosen) {
    const own = ["--project", name, ...projects[name], ...(filters.length === 0 ? [] : ["--passWithNoTests"])]
    parts.push(await vitest(name, [...own, ...args], env))
  }
  return parts
}

/** Everything but the tests on a cluster. */
const most = async (notes) => {
  // Without a browser its tests fail, and say the same.
  await Chromium.ensure({ say }).catch((error) => say(error.message))
  // Without a server the files with its tests do not run, which the end repeats.
  const postgres = await Postgres.ensure({ say }).catch((error) => say(error.message))
  try {
    const long = filters.length === 0 ? longFiles : []
    const excluded = [needKubernetes, ...long, ...(postgres === undefined ? [needPostgres] : [])]
    const typed = await types()
    const ran = await both([...excluded.flatMap((pattern) => ["--exclude", pattern]), ...withoutProject], {
      DOCKER_HOST: engine.host,
      ...(postgres === undefined ? {} : { EFFECT_DEPLOYERS_TEST_POSTGRES: postgres.url })
    })
    if (postgres === undefined) notes.push(`Not run, without PostgreSQL: ${postgresFiles().join(", ")}`)
    if (long.length > 0) notes.push(`Not run, see npm run test:long and test:kubernetes: ${long.join(", ")}`)
    return [typed, ...ran]
  } finally {
    if (postgres?.owned) await Postgres.stop()
    // The first of its tests starts it.
    if (!hadSwarm) await Swarm.stop()
  }
}

/** The tests on a cluster, in its network. Without a cluster they do not run, which the end says. */
const onCluster = async (notes) => {
  if (kubernetesFiles.length === 0) return []
  programs?.hurry()
  const cluster = await programs?.folder
    .then((binaries) => Kubernetes.ensure({ binaries, say }))
    .catch((error) => void notes.push(`${error.message}\nNot run, without Kubernetes: ${kubernetesFiles.join(", ")}`))
  if (cluster === undefined) return []
  const env = {
    DOCKER_HOST: engine.host,
    EFFECT_DEPLOYERS_TEST_KUBECONFIG: cluster.kubeconfig,
    EFFECT_DEPLOYERS_TEST_REGISTRY: cluster.registry,
    // A server of PostgreSQL has to be in the network of the cluster, too.
    EFFECT_DEPLOYERS_POSTGRES_FOLDER: `${folder}-postgres`,
    EFFECT_DEPLOYERS_TEST_POSTGRES: ""
  }
  try {
    return [await vitest("kubernetes", [...kubernetesFiles, ...options], env, cluster.command)]
  } finally {
    process.env.EFFECT_DEPLOYERS_POSTGRES_FOLDER = env.EFFECT_DEPLOYERS_POSTGRES_FOLDER
    await Postgres.stop()
    if (cluster.owned) await Kubernetes.stop()
  }
}

try {
  const notes = []
  const parts = [...(onlyKubernetes ? [] : await most(notes)), ...(await onCluster(notes))]
  const sum = (field) => parts.reduce((total, part) => total + part[field], 0)
  const nothing = filters.length > 0 && kubernetesFiles.length === 0 && parts.every(({ isEmpty }) => isEmpty !== false)
  if (nothing) notes.push(`No test file has a name with ${filters.join(" or ")}.`)
  const broken = nothing || parts.some((part) => part.broken)
  if (existsSync(flaky)) process.stdout.write(`\nPassed only at the second try:\n${readFileSync(flaky, "utf8")}`)
  for (const note of notes) process.stdout.write(`\n${note}\n`)
  process.stdout.write(`\n${sum("passed")} passed, ${broken ? Math.max(1, sum("failed")) : sum("failed")} failed\n`)
  process.exitCode = broken ? 1 : 0
} finally {
  programs?.stop()
  if (engine.owned) await stop({ wipe: true })
  rmSync(folder, { recursive: true, force: true })
}

// Runs in a folder below the root of a built checkout: measures which modules of `dist` run for one deploy and for one
// invoke. Prints `{ deploy, invoke }` as JSON, each a list of `[file, number of functions]`.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { Session } from "node:inspector/promises"
import { join, relative, sep } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath, pathToFileURL } from "node:url"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer } from "effect"

const here = import.meta.dirname
const dist = join(here, "..", "..", "dist")
const filesIn = (folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file))
const load = (file) => import(pathToFileURL(file))

const session = new Session()
session.connect()
await session.post("Profiler.enable")
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false })

/** Functions of `dist` that ran since the last call, without the evaluation of modules: `file:offset` each. */
const ran = async () => {
  const { result } = await session.post("Profiler.takePreciseCoverage")
  const own = result.filter(({ url }) => url.startsWith(pathToFileURL(dist + sep).href))
  return new Set(
    own.flatMap(({ functions, url }) => {
      const file = relative(dist, fileURLToPath(url)).replaceAll(sep, "/").replace(/\.js$/, ".ts")
      const called = functions.filter(({ ranges: [{ count, startOffset }] }) => startOffset > 0 && count > 0)
      return called.map(({ ranges: [{ startOffset }] }) => `${file}:${startOffset}`)
    })
  )
}

/** Functions by file: `[file, number of functions]`. */
const byFile = (functions) => {
  const files = new Map()
  for (const one of functions) {
    const [file] = one.split(":")
    files.set(file, (files.get(file) ?? 0) + 1)
  }
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1))
}

const { Input, Live, Output, runWith } = await load(join(dist, "Cli", "index.js"))

const deployers = async (...argv) => {
  const output = Output.capture()
  const program = Effect.zip(
    runWith([...argv, "--json"], { services: Live.services, doctor: Live.doctor }),
    Effect.zip(output.stdout, output.stderr)
  )
  const environment = Layer.mergeAll(output.layer, Input.layerTest({}), NodeContext.layer)
  const [exitCode, [stdout, stderr]] = await Effect.runPromise(Effect.provide(program, environment))
  if (exitCode !== 0) throw new Error(`deployers ${argv.join(" ")}: ${stderr}`)
  return JSON.parse(stdout)
}

const deploy = (name) => deployers("deploy", join(here, "weather.mjs"), "--name", name, "--auth", "none")

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The URL of a service in this process, in the place of its own process, which ends first. */
const serveHere = async ({ id, metadata }) => {
  process.kill(metadata.pid, "SIGTERM")
  while (isAlive(metadata.pid)) await sleep(20)
  const files = filesIn(join(process.env.DEPLOYERS_HOME, "deployments", id))
  const endpoint = files.find((file) => file.endsWith("endpoint.json"))
  if (endpoint !== undefined) rmSync(endpoint)
  process.argv = [...process.argv.slice(0, 2), "serve", files.find((file) => file.endsWith("manifest.json"))]
  const entrypoint = filesIn(join(dist, "Server")).find((file) => file.endsWith(`${sep}Entrypoint.js`))
  const { main } = await load(entrypoint)
  main({ module: await load(join(here, "weather.mjs")), file: "weather.mjs" })
  while (!existsSync(endpoint)) await sleep(20)
  return `http://127.0.0.1:${JSON.parse(readFileSync(endpoint, "utf8")).port}`
}

const invoke = async (url) => {
  const answer = await fetch(`${url}/invoke`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ parameters: { city: "Oslo" } })
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
}

const measure = async () => {
  // The first commands and calls load the modules, so that no module is evaluated later.
  await deploy("first")
  await deployers("list")
  await ran()
  await deployers("list")
  const wiring = await ran()
  const second = await deploy("second")
  const deployed = [...(await ran())].filter((one) => !wiring.has(one))
  const url = await serveHere(second)
  for (let count = 0; count < 5; count++) await invoke(url)
  await ran()
  let invoked
  for (let count = 0; count < 20; count++) {
    await invoke(url)
    const now = await ran()
    invoked = invoked === undefined ? [...now] : invoked.filter((one) => now.has(one))
  }
  return { deploy: byFile(deployed), invoke: byFile(invoked) }
}

// A step that hangs fails the measurement.
setTimeout(() => process.exit(1), 120_000).unref()
try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exitCode = 1
} finally {
  for (const name of ["first", "second"]) await deployers("delete", name, "--yes", "--force").catch(() => undefined)
  process.exit()
}

// Deploys examples/weather.ts as a local process (or with --docker as a container), calls it, shows what is left to see,
// and cleans up.
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { ensure, stop } from "./engine.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, "dist", "bin.js")
const name = "demo-weather"

const print = (text = "") => process.stdout.write(`${text}\n`)
const hasColor = process.stdout.isTTY === true && !process.env.NO_COLOR
const paint = (code, text) => (hasColor ? `\u001b[${code}m${text}\u001b[0m` : text)
const heading = (text) => print(`\n${paint(1, `# ${text}`)}`)
const command = (text) => print(paint(36, `$ ${text}`))
const indent = (text) => text.replace(/^/gm, "  ")

const inDocker = process.argv.includes("--docker")
const flavor = inDocker ? ["--deployer", "docker"] : []
const say = (text) => process.stderr.write(`${text}\n`)
const engine = inDocker
  ? await ensure({ say }).catch((error) => {
      say(error.message)
      process.exit(1)
    })
  : undefined

const home = await mkdtemp(join(tmpdir(), "deployers-demo-"))
const interrupted = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupted.abort(signal))
// Nobody reads any more (`| head`): still clean up.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => interrupted.abort("EPIPE"))

/** Runs the real CLI; its remarks go to standard error as they come. */
const deployers = (args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: root,
      env: { ...process.env, DEPLOYERS_HOME: home, ...(engine === undefined ? {} : { DOCKER_HOST: engine.host }) },
      stdio: ["ignore", "pipe", options.isQuiet ? "ignore" : "inherit"]
    })
    let stdout = ""
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text
    })
    child.once("error", reject)
    child.once("close", (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`\`deployers ${args.join(" ")}\` ended with exit code ${code}.`))
    )
  })

const proceed = () => {
  if (interrupted.signal.aborted) throw new Error("The demo was interrupted.")
}

const expect = (condition, text) => {
  if (!condition) throw new Error(text)
}

const call = async (deployment, what) => {
  proceed()
  const headers = {
    "content-type": "application/json",
    ...(what.key === undefined ? {} : { authorization: `Bearer ${what.key}` })
  }
  const body = JSON.stringify({ parameters: what.parameters })
  const bearer = what.key === undefined ? "" : ` -H "Authorization: Bearer ${what.key}"`
  command(`curl -X POST ${deployment.url}/invoke${bearer} -H 'Content-Type: application/json' -d '${body}'`)
  const response = await fetch(`${deployment.url}/invoke`, {
    method: "POST",
    headers,
    body,
    signal: AbortSignal.any([interrupted.signal, AbortSignal.timeout(30_000)])
  })
  const answer = await response.json()
  print(indent(`HTTP ${response.status}`))
  print(indent(JSON.stringify(answer, null, 2)))
  expect(response.status === what.status, `Expected HTTP ${what.status}, got ${response.status}.`)
  return answer
}

const demo = async () => {
  heading("Deploy a pipeline from a TypeScript file")
  const deploy = ["deploy", "examples/weather.ts", "--name", name, ...flavor]
  command(`deployers ${deploy.join(" ")}`)
  const deployment = JSON.parse(await deployers([...deploy, "--json"]))
  expect(deployment.status === "running", `The deployment is ${deployment.status}, not running.`)
  print(indent(`${deployment.name} serves ${deployment.snapshot.pipelineName}@${deployment.snapshot.version}`))
  print(indent(`url ${deployment.url}`))
  print(indent(`key ${deployment.authKey}`))

  heading("Call it")
  const parameters = { city: "Oslo", unit: "F" }
  const { metadata } = await call(deployment, { parameters, key: deployment.authKey, status: 200 })

  heading("Without the key it refuses")
  await call(deployment, { parameters, status: 401 })

  heading("With a bad parameter it says what is wrong")
  await call(deployment, { parameters: { city: 7 }, key: deployment.authKey, status: 400 })

  heading("Every run is recorded with its steps")
  proceed()
  command(`deployers run describe ${metadata.runId}`)
  print(indent((await deployers(["run", "describe", metadata.runId, "--deployment", name])).trimEnd()))

  heading("Logs")
  proceed()
  command(`deployers logs ${name} --tail 5`)
  print(indent((await deployers(["logs", name, "--tail", "5"])).trimEnd()))

  heading("Metrics")
  proceed()
  command(`curl ${deployment.url}/metrics`)
  const metrics = await (await fetch(`${deployment.url}/metrics`, { signal: AbortSignal.timeout(30_000) })).text()
  const samples = metrics.split("\n").filter((line) => /run/.test(line) && !/^#|_bucket|^$/.test(line))
  expect(samples.length > 0, "There are no metrics of runs.")
  print(indent(samples.slice(0, 8).join("\n")))
}

/** Nothing is left, whatever happened: the process is stopped first, then its files go. */
const cleanUp = async () => {
  heading("Clean up")
  command(`deployers delete ${name} --yes`)
  await deployers(["delete", name, "--yes", "--force"], { isQuiet: true })
  await rm(home, { recursive: true, force: true })
  if (engine?.owned) await stop({ wipe: true })
  print(indent("The deployment and its files are gone."))
  if (engine?.owned === false) print(indent("Its image stays in your engine, as a cache: `docker rmi` removes it."))
}

const failures = []
await demo().catch((error) => failures.push(error))
await cleanUp().catch((error) => failures.push(error))
if (failures.length > 0) {
  for (const error of failures) process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
heading("Done")
print(indent("Next: `npx deployers --help`, or edit examples/weather.ts and deploy it yourself."))

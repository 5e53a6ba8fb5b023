// A deploy from the command to its exit: `deployers deploy` of the weather example against a script by hand.
import { spawn } from "node:child_process"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onEnd } from "./cleanup.mjs"
import { median, orderOf } from "./statistics.mjs"
import { freePort, timed, waits } from "./timing.mjs"

const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url))
const byHandScript = fileURLToPath(new URL("../by-hand/deploy.mjs", import.meta.url))
const weather = fileURLToPath(new URL("../../examples/weather.ts", import.meta.url))

const node = (args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
    let printed = ""
    let failed = ""
    child.stdout.on("data", (chunk) => (printed += chunk))
    child.stderr.on("data", (chunk) => (failed += chunk))
    child.once("error", reject)
    child.once("exit", (code) =>
      code === 0
        ? resolve(printed)
        : reject(new Error(`node ${args.join(" ")} exited with ${code}. ${failed.slice(-2_000)}`))
    )
  })

/** A subject deploys, deploys another version over it, and leaves nothing. */
const byHand = (folder) => {
  let count = 0
  const deploy = async (old) => {
    const port = await freePort()
    return Number(
      await node([
        byHandScript,
        join(folder, `by-hand-${count++}.mjs`),
        String(port),
        ...(old === undefined ? [] : [old])
      ])
    )
  }
  const end = (pid) => {
    try {
      process.kill(pid, "SIGKILL")
    } catch {}
  }
  return { deploy: () => deploy(), redeploy: (pid) => deploy(String(pid)), end }
}

const byCommand = (folder, options) => {
  const env = { ...process.env, DEPLOYERS_HOME: join(folder, "home") }
  const file = join(folder, "weather.ts")
  let version = 0
  const deploy = async (name) => {
    const text = await readFile(weather, "utf8")
    await writeFile(file, text.replace("% 40", `% ${40 + ++version}`))
    await node([bin, "deploy", file, "--name", name, ...options], { env, cwd: folder })
    return name
  }
  return {
    deploy: () => deploy(`weather-${version}`),
    redeploy: deploy,
    end: (name) => node([bin, "delete", name, "--yes", "--force"], { env, cwd: folder })
  }
}

/** Medians of the milliseconds, without the waits that settings ask for, and of their ratios to the script within a round. */
export const measure = async ({ folder, rounds, say }) => {
  const place = join(folder, "by-command")
  await mkdir(place)
  const subjects = {
    script: { ...byHand(place), waits: { first: 0, redeploy: 0 } },
    typed: { ...byCommand(place, []), waits },
    untyped: { ...byCommand(place, ["--no-typecheck"]), waits }
  }
  const names = Object.keys(subjects)
  const samples = Object.fromEntries(names.map((name) => [name, { first: [], redeploy: [] }]))
  for (let round = 0; round <= rounds; round++) {
    say(`deploy: by command, round ${round} of ${rounds}`)
    for (const name of orderOf(round, names)) {
      const { deploy, end, redeploy, waits } = subjects[name]
      const first = await timed(deploy)
      let current = first.value
      const leave = onEnd(() => end(current))
      const second = await timed(() => redeploy(current))
      current = second.value
      await leave()
      // The first round fills the caches.
      if (round === 0) continue
      samples[name].first.push(first.millis - waits.first)
      samples[name].redeploy.push(second.millis - waits.redeploy)
    }
  }
  const ratios = (name, what) =>
    median(samples[name][what].map((millis, round) => millis / samples.script[what][round]))
  return names.flatMap((name) =>
    ["first", "redeploy"].map((what) => ({
      name,
      what,
      millis: median(samples[name][what]),
      ratio: ratios(name, what)
    }))
  )
}

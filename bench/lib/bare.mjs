// A served bundle without the library around it: the program that a deployment runs, started by hand.
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { onEnd } from "./cleanup.mjs"
import { freePort } from "./timing.mjs"

let count = 0

const stopped = (child) =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once("close", resolve)
    child.kill("SIGKILL")
  })

/** What runs a deployment: its program, the arguments before it, and its manifest, as they are while it runs. */
export const recipeOf = ({ pid }) => {
  const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean)
  const manifestFile = line.at(-1)
  const { keysFile, intakeFile: _, door: __, ...manifest } = JSON.parse(readFileSync(manifestFile, "utf8"))
  const { keys } = JSON.parse(readFileSync(keysFile, "utf8"))
  return { args: line.slice(1, -1), manifest: { ...manifest, keys } }
}

/** The same as somebody types it: the program itself, without the code cache that a deployer has made for it. */
export const typedByHand = ({ args, manifest }) => ({
  args: args.map((argument) => argument.replace(/start\.mjs$/, "main.mjs")),
  manifest
})

/** Prepares a start in a folder of its own; `start` spawns the program. */
export const prepareBare = async (folder, { args, manifest: { log: _, secretsDirectory: __, ...manifest } }) => {
  const place = join(folder, `bare-${count++}`)
  const port = await freePort()
  await mkdir(place, { recursive: true, mode: 0o700 })
  await writeFile(
    join(place, "manifest.json"),
    JSON.stringify({
      ...manifest,
      listen: { host: "127.0.0.1", port, fallback: false },
      runStore: join(place, "runs.db"),
      endpointFile: join(place, "endpoint.json")
    })
  )
  return {
    url: `http://127.0.0.1:${port}`,
    start: () => {
      const child = spawn(process.execPath, [...args, join(place, "manifest.json")], { stdio: "ignore", cwd: place })
      const stop = onEnd(async () => {
        await stopped(child)
        await rm(place, { recursive: true, force: true })
      })
      return { pid: child.pid, stop }
    }
  }
}

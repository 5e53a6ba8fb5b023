// The load generator's process, from this side.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { onEnd } from "./cleanup.mjs"

const file = fileURLToPath(new URL("../load/worker.mjs", import.meta.url))

/** Starts a generator: `run(job)` resolves what was measured. */
export const startGenerator = () => {
  const child = fork(file, [], { execArgv: ["--max-semi-space-size=64"] })
  const waiting = new Map()
  let next = 0
  child.on("message", ({ error, id, result }) => {
    const { reject, resolve } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(result)
    else reject(new Error(`The load generator failed: ${error}`))
  })
  child.once("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`The load generator ended with ${code}.`))
  })
  const stop = onEnd(() => child.kill("SIGKILL"))
  return {
    pid: child.pid,
    run: (job) =>
      new Promise((resolve, reject) => {
        const id = next++
        waiting.set(id, { resolve, reject })
        child.send({ id, job })
      }),
    stop
  }
}

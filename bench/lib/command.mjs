// The command line program, from the start of its process to its exit.
import { spawn } from "node:child_process"
import { join } from "node:path"

export const bin = join("dist", "bin.js")

/** Milliseconds of a run of Node with these arguments. */
export const timeCommand = (args, env) =>
  new Promise((resolve, reject) => {
    const begun = performance.now()
    const child = spawn(process.execPath, args, { env, stdio: "ignore" })
    child.once("error", reject)
    child.once("exit", (code) => {
      if (code === 0) resolve(performance.now() - begun)
      else reject(new Error(`node ${args.join(" ")} exited with ${code}`))
    })
  })

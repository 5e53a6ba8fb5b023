// Starts subjects of ours and of others; each is a process of its own that listens on loopback.
import { spawn } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onEnd } from "./cleanup.mjs"

export const subjects = fileURLToPath(new URL("../subjects", import.meta.url))

/** Starts a program that prints `{"port":N}` and ends with its standard input. */
export const startProgram = (program, args = []) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "pipe"] })
    const ended = new Promise((done) => child.once("close", done))
    const stop = onEnd(async () => {
      child.kill("SIGKILL")
      await ended
    })
    let stderr = ""
    child.stderr.on("data", (data) => {
      stderr = `${stderr}${data}`.slice(-2_000)
    })
    child.stdout.once("data", (data) =>
      resolve({ pid: child.pid, url: `http://127.0.0.1:${JSON.parse(data).port}`, stop })
    )
    ended.then((code) => reject(new Error(`${program} ended with ${code} before it listened.\n${stderr}`)))
  })

/** Starts one of the programs in `bench/subjects`. */
export const startSubject = (name, args) => startProgram(join(subjects, name), args)

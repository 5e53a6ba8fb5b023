// One starter at a time: two engines that start on one folder at once leave both broken.
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { startOf } from "./Host.mjs"

const longestWaitMillis = 180_000

/** Runs a function while holding a lock file that names its process. The lock of a dead process is nobody's. */
export const withLock = async (file, run) => {
  mkdirSync(dirname(file), { recursive: true })
  const mine = `${process.pid} ${startOf(process.pid)}`
  for (let waited = 0; !take(file, mine); waited += 100) {
    dropDead(file)
    if (waited > longestWaitMillis)
      throw new Error(`${file} is held by process ${read(file)}; remove it if that hangs.`)
    await sleep(100)
  }
  try {
    return await run()
  } finally {
    rmSync(file, { force: true })
  }
}

const read = (file) => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

/** A link is made with its content or not at all, so nobody reads a half-written lock. */
const take = (file, mine) => {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, mine)
  try {
    linkSync(draft, file)
    return true
  } catch (cause) {
    if (cause.code === "EEXIST") return false
    throw cause
  } finally {
    rmSync(draft, { force: true })
  }
}

const dropDead = (file) => {
  const holder = read(file)
  if (holder === undefined) return
  const [pid, start] = holder.split(" ")
  if (startOf(pid) !== start) rmSync(file, { force: true })
}

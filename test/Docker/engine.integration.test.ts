import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { ensure, startElsewhere, startPrivate } from "../../scripts/engine.mjs"

const script = "scripts/engine.mjs"
let folder = ""

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "effect-deployers-engine-test-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (command: string, env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [script, command], { encoding: "utf8", env: { ...process.env, ...env } })

describe("scripts/engine.mjs", () => {
  it("uses the engine that answers, and does not call it its own", async () => {
    const first = await ensure()
    const { status, stdout } = run("ensure")
    assert.strictEqual(status, 0)
    assert.deepInclude(JSON.parse(stdout), { host: first.host, owned: false, installed: false })
  })

  it("stops with one line when the engine that DOCKER_HOST names does not answer", () => {
    const { status, stderr, stdout } = run("ensure", { DOCKER_HOST: `unix://${folder}/missing.sock` })
    assert.strictEqual(status, 1)
    assert.strictEqual(stdout, "")
    assert.match(stderr, /^DOCKER_HOST is unix:.*missing\.sock, which does not answer: .*unset DOCKER_HOST\.\n$/)
  })

  it("ends nothing that it did not start", async () => {
    const { host } = await ensure()
    const { status, stdout } = run("stop", { EFFECT_DEPLOYERS_ENGINE: join(folder, "none") })
    assert.strictEqual(status, 0)
    assert.deepStrictEqual(JSON.parse(stdout), { stopped: false })
    assert.strictEqual((await ensure()).host, host)
  })

  it("says how it is used", () => {
    const { status, stderr } = run("begin")
    assert.strictEqual(status, 2)
    assert.match(stderr, /usage/)
  })

  it("starts an engine of one's own beside it, again after a kill, and leaves nothing of it", async () => {
    const engine = await startPrivate({ folder: join(folder, "own") })
    const first = engine.pid()
    await engine.kill()
    writeFileSync(join(engine.folder, "docker.pid"), String(process.pid))
    await engine.restart()
    assert.notStrictEqual(engine.pid(), first)
    await engine.dispose()
    assert.isFalse(existsSync(engine.folder))
    assert.notInclude(readFileSync("/proc/self/mounts", "utf8"), engine.folder)
    assert.strictEqual((await ensure()).owned, false)
  })

  it("starts one that is reached as on another machine, and leaves nothing of it", async () => {
    const ours = () =>
      [
        ["netns", "list"],
        ["-br", "link", "show", "type", "veth"]
      ].flatMap((args) =>
        spawnSync("ip", args, { encoding: "utf8" })
          .stdout.split("\n")
          .filter((line) => line.startsWith(`depl${process.pid}`) || line.startsWith(`deplns${process.pid}`))
      )
    const engine = await startElsewhere({ folder: join(folder, "elsewhere") })
    const pid = engine.pid()
    assert.strictEqual(engine.host, `tcp://${engine.address}:2375`)
    assert.notStrictEqual(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync("/proc/self/ns/net"))
    assert.strictEqual((await fetch(`http://${engine.address}:2375/_ping`)).status, 200)
    assert.lengthOf(ours(), 2)
    await engine.kill()
    await engine.restart()
    await engine.dispose()
    assert.isFalse(existsSync(engine.folder))
    assert.notInclude(readFileSync("/proc/self/mounts", "utf8"), engine.folder)
    assert.deepStrictEqual(ours(), [])
  })
})

const holder = `
  import { withLock } from "./scripts/engine/Lock.mjs"
  import { appendFileSync } from "node:fs"
  import { setTimeout as sleep } from "node:timers/promises"
  const [lock, log] = process.argv.slice(1)
  await withLock(lock, async () => { appendFileSync(log, "<"); await sleep(100); appendFileSync(log, ">") })
`

const hold = (lock: string, log: string) =>
  new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", holder, lock, log], { stdio: "inherit" })
    child.once("close", resolve)
  })

describe("scripts/engine/Lock.mjs", () => {
  it("lets one process in at a time, also past the lock of a dead one", async () => {
    const lock = join(folder, "lock")
    const log = join(folder, "log")
    writeFileSync(lock, "4194305 1")
    assert.deepStrictEqual(await Promise.all([hold(lock, log), hold(lock, log), hold(lock, log)]), [0, 0, 0])
    assert.strictEqual(readFileSync(log, "utf8"), "<><><>")
    assert.isFalse(existsSync(lock))
  })
})

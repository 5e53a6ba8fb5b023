/**
 * The program of a supervisor: `node main.js HOME [--resident]`. It watches the recorded processes of a home, and
 * runs `deployers reconcile` when one ended that was not asked to. It uses modules of Node only, for a small process that
 * lives as long as the deployments. It ends when the home is gone, another supervisor owns the home, its own package is gone,
 * or no deployment is left. A service manager runs it with `--resident`: it takes the home over, and waits for deployments.
 */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { version } from "../../Internal/Version.js"
import { readerOfThisMachine } from "../ProcessReader.js"
import * as Lock from "./Lock.js"
import { watching } from "./Records.js"
import * as Watch from "./Watch.js"

const [home = "", ...flags] = process.argv.slice(2)
const resident = flags.includes("--resident")
const command = fileURLToPath(new URL("../../bin.js", import.meta.url))
const reader = readerOfThisMachine()
const self = {
  pid: process.pid,
  identity: reader.one(process.pid)?.identity ?? "",
  version,
  ...(resident ? { resident } : {})
}

/** Milliseconds between two looks. */
const period = 1_000

const say = (text: string): void => void process.stdout.write(`${new Date().toISOString()}  ${text}\n`)

const processes = watching(home, (recorded) => Watch.endedOf(recorded, reader))

const look = (): Watch.Look => {
  const { ended, recorded } = processes()
  return {
    now: performance.now(),
    recorded,
    ended: ended.map(({ identity, pid }) => `${pid} ${identity}`)
  }
}

interface Report {
  readonly actions?: ReadonlyArray<{
    readonly deployment: string
    readonly action: string
    readonly detail: string
    readonly outcome: string
    readonly failure?: string
  }>
}

const parse = (text: string): Report | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Repairs the home and says the actions. True if work is left: a failure, a wait, an operation of another process. */
const repair = (): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, DEPLOYERS_HOME: home }, maxBuffer: 16 * 1024 * 1024 }
    ChildProcess.execFile(process.execPath, [command, "reconcile", "--json"], options, (error, stdout, stderr) => {
      const { actions } = parse(stdout) ?? {}
      if (actions === undefined) {
        say(`reconcile failed: ${stderr.trim() || error?.message || "no report"}`)
        return resolve(true)
      }
      for (const { action, deployment, detail, failure, outcome } of actions) {
        if (action !== "wait" && action !== "leave") {
          say(`${deployment}  ${action} ${outcome}: ${detail}${failure === undefined ? "" : ` (${failure})`}`)
        }
      }
      resolve(actions.some(({ action, outcome }) => outcome === "failed" || /^(wait|leave|giveUp)$/.test(action)))
    })
  })

const isOurs = (): boolean =>
  Lock.owns(home, self) && (resident || Fs.existsSync(Path.join(home, "registry.db"))) && Fs.existsSync(command)

const end = (): never => {
  Lock.release(home, self)
  process.exit(0)
}

/** The last failure of a look. A process table that cannot be read says nothing about processes. */
let blindness = ""

const lookIfPossible = (): Watch.Look | undefined => {
  try {
    const seen = look()
    blindness = ""
    return seen
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    if (reason !== blindness) say(`the processes cannot be read: ${reason}`)
    blindness = reason
    return undefined
  }
}

const turn = async (memory: Watch.Memory): Promise<void> => {
  if (!isOurs()) return end()
  const seen = lookIfPossible()
  if (seen === undefined) return void setTimeout(() => void turn(memory), period)
  const [step, next] = Watch.decide(memory, seen, resident)
  if (step === "end") return end()
  const after = step === "wait" ? next : Watch.afterRepair(next, seen, await repair())
  setTimeout(() => void turn(after), period)
}

process.on("SIGTERM", end)
process.on("SIGINT", end)
process.on("SIGHUP", () => {})

if (!Lock.isHeld(home, version, reader) || resident) {
  Lock.take(home, self)
  const allRun = !resident && lookIfPossible()?.ended.length === 0
  void turn(allRun ? { ...Watch.start, repairAt: undefined } : Watch.start)
}

import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Option, Schedule } from "effect"
import * as Processes from "../../src/Local/Processes.js"
import * as Lock from "../../src/Local/Supervisor/Lock.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url))

beforeAll(
  () =>
    new Promise<void>((resolve, reject) => {
      execFile("npm", ["run", "build", "--silent"], { cwd: root }, (error) => (error ? reject(error) : resolve()))
    })
)

interface Described {
  readonly status: string
  readonly reason?: string
  readonly url: string
  readonly metadata: { readonly pid: number; readonly processIdentity: string }
}

const cli = (home: string, ...args: ReadonlyArray<string>) =>
  Effect.async<string, Error>((resume) => {
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DEPLOYERS_HOME: home }
    execFile(process.execPath, [bin, ...args], { cwd: root, env }, (error, stdout) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.fail(error))
    )
  })

const describeOf = (home: string) =>
  Effect.map(cli(home, "describe", "weather", "--json"), (text): Described => JSON.parse(text))

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  effect.pipe(
    Effect.filterOrFail(holds, () => "not yet" as const),
    Effect.retry(Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(600)))
  )

/** A deployment in a home of its own, deleted with the scope. */
const deployed = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-supervisor-" })
  yield* Effect.addFinalizer(() => Effect.ignore(cli(home, "delete", "weather", "--yes", "--force")))
  yield* cli(home, "deploy", "examples/weather.ts", "--name", "weather", "--auth", "none", "--json")
  return { home, fs, made: yield* describeOf(home) }
})

const supervisor = (home: string) => Effect.sync(() => Option.fromNullable(Lock.read(home)))

const isGone = ({ identity, pid }: Processes.ProcessRef) =>
  Effect.flatMap(Processes.Processes, ({ identify }) =>
    Effect.map(identify(pid), (found) => !Option.contains(found, identity))
  )

/** The supervisor writes its file a moment after the command that started it ended. */
const started = (home: string, other?: Lock.Owner) =>
  Effect.flatMap(
    eventually(supervisor(home), (found) => Option.isSome(found) && found.value.pid !== other?.pid),
    (found) => found
  )

const provided = Effect.provide([NodeContext.layer, Processes.layer])

describe("list and describe", () => {
  it.scopedLive(
    "show at once that a process was killed, and with list --status",
    () =>
      Effect.gen(function* () {
        const { home, made } = yield* deployed
        const owner = yield* started(home)
        process.kill(owner.pid, "SIGSTOP")
        yield* Effect.addFinalizer(() => Effect.ignore(Effect.try(() => process.kill(owner.pid, "SIGCONT"))))
        process.kill(made.metadata.pid, "SIGKILL")
        yield* eventually(isGone({ pid: made.metadata.pid, identity: made.metadata.processIdentity }), (gone) => gone)
        const described = yield* describeOf(home)
        assert.strictEqual(described.status, "error")
        assert.include(described.reason ?? "", `its process (${made.metadata.pid}) is gone`)
        const statusOf = (text: string) =>
          (JSON.parse(text) as { deployments: ReadonlyArray<Described> }).deployments.map(({ status }) => status)
        assert.deepStrictEqual(statusOf(yield* cli(home, "list", "--json")), ["error"])
        assert.deepStrictEqual(statusOf(yield* cli(home, "list", "--json", "--status", "error")), ["error"])
        assert.deepStrictEqual(statusOf(yield* cli(home, "list", "--json", "--status", "running")), [])
      }).pipe(provided),
    180_000
  )
})

describe("the supervisor of a home", () => {
  it.scopedLive(
    "starts a killed service again at its place, and events and log say why; the last deletion ends it",
    () =>
      Effect.gen(function* () {
        const { fs, home, made } = yield* deployed
        const owner = yield* started(home)
        process.kill(made.metadata.pid, "SIGKILL")
        const back = yield* eventually(
          describeOf(home),
          ({ metadata, status }) => status === "running" && metadata.pid !== made.metadata.pid
        )
        assert.strictEqual(back.url, made.url)
        const events = yield* cli(home, "events", "weather", "--json")
        assert.include(events, '"instance_restored"')
        assert.include(events, `its process (${made.metadata.pid}) is gone`)
        const log = eventually(fs.readFileString(`${home}/supervisor.log`), (text) => text.includes("restore done"))
        assert.match(yield* log, /weather {2}restore done: its process \(\d+\) is gone/)
        yield* cli(home, "delete", "weather", "--yes")
        yield* eventually(isGone(owner), (gone) => gone)
        assert.isUndefined(Lock.read(home))
      }).pipe(provided),
    180_000
  )

  it.scopedLive(
    "starts again with the next command after a kill, and ends when its home is gone or another one has it",
    () =>
      Effect.gen(function* () {
        const { fs, home } = yield* deployed
        const first = yield* started(home)
        process.kill(first.pid, "SIGKILL")
        yield* eventually(isGone(first), (gone) => gone)
        yield* cli(home, "list")
        const second = yield* started(home, first)
        Lock.take(home, { ...second, pid: process.pid, identity: "another" })
        yield* eventually(isGone(second), (gone) => gone)
        yield* cli(home, "list")
        const third = yield* started(home, { ...second, pid: process.pid })
        const { metadata } = yield* describeOf(home)
        yield* fs.rename(home, `${home}-moved`)
        yield* eventually(isGone(third), (gone) => gone)
        assert.isFalse(yield* isGone({ pid: metadata.pid, identity: metadata.processIdentity }))
        yield* fs.rename(`${home}-moved`, home)
      }).pipe(provided),
    180_000
  )
})

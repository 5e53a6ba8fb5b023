import { execFile, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Option, Schedule } from "effect"
import * as Processes from "../../src/Local/Processes.js"
import * as Lock from "../../src/Local/Supervisor/Lock.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url))
const program = fileURLToPath(new URL("../../dist/Local/Supervisor/main.js", import.meta.url))

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

const variablesOf = (home: string) => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  DEPLOYERS_HOME: home
})

/** Programs with these variables see another boot of the machine. */
const rebooted = { NODE_OPTIONS: `--import=${new URL("./anotherBoot.mjs", import.meta.url).href}` }

const cli = (home: string, ...args: ReadonlyArray<string>) => cliWith({}, home, ...args)

const cliWith = (variables: Readonly<Record<string, string>>, home: string, ...args: ReadonlyArray<string>) =>
  Effect.async<string, Error>((resume) => {
    const env = { ...variablesOf(home), ...variables }
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

/** A home, whose deployment with the name `weather` is deleted with the scope. */
const emptyHome = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-supervisor-" })
  yield* Effect.addFinalizer(() => Effect.ignore(cli(home, "delete", "weather", "--yes", "--force")))
  return { home, fs }
})

/** A deployment in a home of its own, deleted with the scope. */
const deployed = Effect.gen(function* () {
  const { fs, home } = yield* emptyHome
  yield* cli(home, "deploy", "examples/weather.ts", "--name", "weather", "--auth", "none", "--json")
  return { home, fs, made: yield* describeOf(home) }
})

/** A deployment with a key. Its pipeline can leave a rejection behind that ends the process. */
const deployedWithKey = Effect.gen(function* () {
  const { home } = yield* emptyHome
  const said = yield* cli(home, "deploy", "test/pipelines/delayed.ts", "--name", "weather", "--json")
  const { authKey }: { readonly authKey: string } = JSON.parse(said)
  return { home, key: authKey, made: yield* describeOf(home) }
})

/** The status of a call, and the process that answered it; 0 if none answers. */
const call = (url: string, key: string | undefined, rejectsLater = false) =>
  Effect.promise(() =>
    fetch(`${url}/invoke`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` })
      },
      body: JSON.stringify({ parameters: { rejectsLater } })
    }).then(
      async (response) => {
        const body = (await response.json()) as { readonly outputs?: { readonly pid: number } }
        return { status: response.status, pid: body.outputs?.pid }
      },
      () => ({ status: 0, pid: undefined })
    )
  )

/** Ends a process as a power cut does. */
const cut = (process_: Processes.ProcessRef) =>
  Effect.zipRight(
    Effect.sync(() => process.kill(process_.pid, "SIGKILL")),
    eventually(isGone(process_), (gone) => gone)
  )

/** The supervisor as the unit of a service manager starts it with the machine, in the next boot; ended with the scope. */
const startedByManager = (home: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [program, home, "--resident"], {
        cwd: "/",
        env: { ...variablesOf(home), ...rebooted },
        stdio: "ignore"
      })
      return { child, ended: new Promise<void>((resolve) => child.once("exit", () => resolve())) }
    }),
    ({ child, ended }) =>
      Effect.promise(() => {
        child.kill("SIGTERM")
        return ended
      })
  )

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
        assert.include(yield* cli(home, "doctor", "--json"), "weather: its process is gone")
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

  it.scopedLive(
    "starts a service again after a late rejection, and after a restart of the machine, at its place with its key",
    () =>
      Effect.gen(function* () {
        const { home, key, made } = yield* deployedWithKey
        const owner = yield* started(home)
        assert.strictEqual((yield* call(made.url, undefined)).status, 401)
        assert.deepStrictEqual(yield* call(made.url, key, true), { status: 200, pid: made.metadata.pid })
        const again = yield* eventually(
          call(made.url, key),
          ({ pid, status }) => status === 200 && pid !== made.metadata.pid
        )
        const before = yield* eventually(describeOf(home), ({ status }) => status === "running")
        assert.strictEqual(before.metadata.pid, again.pid)
        yield* eventually(cli(home, "events", "weather", "--json"), (events) => events.includes("instance_restored"))
        assert.include(yield* cli(home, "logs", "weather"), "a late rejection")

        process.kill(owner.pid, "SIGSTOP")
        yield* cut({ pid: before.metadata.pid, identity: before.metadata.processIdentity })
        yield* cut(owner)
        yield* startedByManager(home)
        const after = yield* eventually(
          call(made.url, key),
          ({ pid, status }) => status === 200 && pid !== before.metadata.pid
        )
        assert.strictEqual((yield* call(made.url, undefined)).status, 401)
        const described = yield* eventually(
          cliWith(rebooted, home, "describe", "weather", "--json").pipe(
            Effect.map((text): Described => JSON.parse(text))
          ),
          ({ metadata }) => metadata.pid === after.pid
        )
        assert.deepInclude(described, { status: "running", url: made.url })
        assert.match(described.metadata.processIdentity, /^00000000-aaaa-/)
        assert.isTrue(Lock.read(home)?.resident)
        yield* cliWith(rebooted, home, "delete", "weather", "--yes")
        assert.strictEqual((yield* call(made.url, key)).status, 0)
      }).pipe(provided),
    600_000
  )
})

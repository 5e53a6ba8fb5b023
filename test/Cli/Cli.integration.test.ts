import { execFile, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FetchHttpClient, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Client } from "effect-deployers"
import { CityUnknown, weather } from "../../examples/weather.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url))

/** The program is tested as it is shipped: compiled. */
beforeAll(
  () =>
    new Promise<void>((resolve, reject) => {
      execFile("npm", ["run", "build", "--silent"], { cwd: root }, (error) => (error ? reject(error) : resolve()))
    })
)

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const makeCli =
  (home: string) =>
  (args: ReadonlyArray<string>, stdin = ""): Effect.Effect<Ended> =>
    Effect.async((resume) => {
      const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DEPLOYERS_HOME: home }
      const child = spawn(process.execPath, [bin, ...args], { cwd: root, env })
      const text = { stdout: "", stderr: "" }
      child.stdout.setEncoding("utf8").on("data", (chunk) => {
        text.stdout += chunk
      })
      child.stderr.setEncoding("utf8").on("data", (chunk) => {
        text.stderr += chunk
      })
      child.stdin.end(stdin)
      child.once("close", (exitCode) => resume(Effect.succeed({ exitCode, ...text })))
      return Effect.sync(() => child.kill("SIGKILL"))
    })

/** The program in a home of its own; what is deployed is deleted with the scope. */
const world = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.makeTempDirectoryScoped({ prefix: "deployers-cli-" })
  const cli = makeCli(home)
  yield* Effect.addFinalizer(() => cli(["delete", "weather", "--yes", "--force"]))
  return { cli, home }
})

const parse = ({ stdout }: Ended): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>

/** A first deploy that did not succeed: no row and no files, only events. */
const leftNothing = (cli: ReturnType<typeof makeCli>, home: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    expect(parse(yield* cli(["list", "--json"]))).toEqual({ deployments: [] })
    expect(yield* fs.readDirectory(`${home}/deployments`)).toEqual([])
    expect((yield* cli(["describe", "weather"])).exitCode).toBe(1)
    expect((yield* cli(["events", "weather"])).stdout).toContain("intent_recorded")
    expect(parse(yield* cli(["reconcile", "--json"]))).toMatchObject({ actions: [] })
  })

const post = (url: string, body: unknown, key?: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/invoke`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body)
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  })

describe("deployers", () => {
  it.live(
    "deploys, serves, invokes, stops, starts again and deletes",
    () =>
      Effect.gen(function* () {
        const { cli } = yield* world
        const deployed = yield* cli(["deploy", "examples/weather.ts#weather", "--name", "weather", "--json"])
        expect(deployed.stderr).toContain("healthy")
        expect(deployed.exitCode).toBe(0)
        const { authKey, url } = parse(deployed) as {
          authKey: string
          metadata: { pid: number }
          url: string
        }

        const good = { parameters: { city: "Oslo" } }
        expect(yield* post(url, good, authKey)).toMatchObject({ status: 200, body: { outputs: { temperature: 28 } } })
        expect(yield* post(url, good)).toMatchObject({ status: 401, body: { _tag: "Unauthorized" } })
        expect(yield* post(url, { parameters: { city: 7 } }, authKey)).toMatchObject({ status: 400 })

        const typed = Client.make(weather, { url, authKey: Redacted.make(authKey), name: "weather" })
        expect(yield* typed.invoke({ city: "Oslo", unit: "F" })).toEqual({ summary: "Oslo: 82°F", temperature: 82 })
        expect(yield* Effect.flip(typed.invoke({ city: "Atlantis" }))).toEqual(new CityUnknown({ city: "Atlantis" }))
        const invalid = yield* Effect.flip(Client.invoke({ url, authKey: Redacted.make(authKey) }, { unit: "F" }))
        expect(invalid).toMatchObject({ _tag: "DeploymentInvalidParameters", issues: [{ path: "city" }] })
        expect(yield* Client.example({ url })).toMatchObject({ city: "string" })

        const invoked = yield* cli(["invoke", "weather", "--city", "Rome", "--json"])
        const { runId } = parse(invoked)["metadata"] as { readonly runId: string }
        expect(parse(yield* cli(["run", "describe", runId, "--json"]))).toMatchObject({
          status: "succeeded",
          steps: [{ name: "forecast" }]
        })
        const failed = yield* cli(["invoke", "weather", "--input", "-"], '{"city":"Atlantis"}')
        expect([failed.exitCode, failed.stdout]).toEqual([1, ""])
        expect(failed.stderr).toContain("No forecast for Atlantis.")
        const twice = yield* cli(["invoke", "weather", "--input", "-"], '{"city":"Rome","city":"Oslo"}')
        expect([twice.exitCode, twice.stdout]).toEqual([2, ""])
        expect(twice.stderr).toContain("city: is there twice")
        expect((parse(yield* cli(["runs", "weather", "--json"]))["runs"] as ReadonlyArray<unknown>).length).toBe(5)
        expect((yield* cli(["logs", "weather", "--tail", "50"])).stdout).toContain("ready")

        const streamed = yield* cli(["invoke", "weather", "--city", "Rome", "--stream"])
        expect(JSON.parse(streamed.stdout)).toMatchObject({ temperature: 28 })
        expect(streamed.stderr).toMatch(/forecast started\n.*forecast succeeded: .*\n.*run succeeded\n/)
        const accepted = yield* cli(["invoke", "weather", "--city", "Rome", "--async"])
        const again = yield* cli(["run", "retry", accepted.stdout.trim(), "--json"])
        expect(parse(again)).toMatchObject({
          success: true,
          metadata: { runIndex: 8, parametersUsed: { city: "Rome" } }
        })
        expect(parse(yield* cli(["run", "cancel", accepted.stdout.trim(), "--json"]))).toMatchObject({
          status: "succeeded"
        })

        expect(parse(yield* cli(["deprovision", "weather", "--json"]))).toMatchObject({ status: "absent", url: null })
        expect((yield* Effect.flip(Client.health({ url }))).message).toContain("no process listens there")
        expect((yield* cli(["invoke", "weather", "--city", "x"])).exitCode).toBe(1)
        const recorded = yield* cli(["runs", "weather", "--json"])
        expect((parse(recorded)["runs"] as ReadonlyArray<unknown>).length).toBe(8)
        expect(recorded.stderr).toContain("does not answer; these are its recorded runs")
        expect(parse(yield* cli(["run", "describe", runId, "--json"]))).toMatchObject({ status: "succeeded" })
        const provisioned = yield* cli(["provision", "weather", "--json"])
        expect(parse(provisioned)).toMatchObject({ status: "running", generation: 2 })
        expect(provisioned.stdout + provisioned.stderr).not.toContain(authKey)
        const back = parse(provisioned) as { url: string }
        expect(yield* post(back.url, good, authKey)).toMatchObject({ status: 200 })

        const rotated = parse(yield* cli(["auth", "rotate", "weather", "--json"])) as { authKey: string; url: string }
        expect(yield* post(rotated.url, good, authKey)).toMatchObject({ status: 200 })
        expect(yield* post(rotated.url, good, rotated.authKey)).toMatchObject({ status: 200 })
        const { keys } = parse(yield* cli(["auth", "list", "weather", "--json"])) as {
          keys: ReadonlyArray<{ id: string; retiring: boolean }>
        }
        const retiring = keys.find((key) => key.retiring)
        expect((yield* cli(["auth", "remove", "weather", String(retiring?.id)])).exitCode).toBe(0)
        expect(yield* post(rotated.url, good, authKey)).toMatchObject({ status: 401 })
        expect(yield* post(rotated.url, good, rotated.authKey)).toMatchObject({ status: 200 })
        const open = parse(yield* cli(["auth", "remove", "weather", "--json"])) as { url: string }
        expect(yield* post(open.url, good)).toMatchObject({ status: 200 })

        expect((yield* cli(["delete", "weather"])).exitCode).toBe(2)
        expect((yield* cli(["delete", "weather", "--yes"])).exitCode).toBe(0)
        expect((yield* Effect.flip(Client.health({ url: open.url }))).message).toContain("no process listens there")
        expect(parse(yield* cli(["list", "--json"]))).toEqual({ deployments: [] })
      }).pipe(Effect.scoped, Effect.provide([NodeContext.layer, FetchHttpClient.layer])),
    300_000
  )

  it.live.each([
    ["SIGINT", 130],
    ["SIGTERM", 130],
    ["SIGHUP", 129]
  ] as const)(
    "undoes a deploy interrupted by %s before it exits with %i",
    ([interruption, expected]) =>
      Effect.gen(function* () {
        const { cli, home } = yield* world
        const args = ["deploy", "test/pipelines/failing.ts#silent", "--name", "weather"]
        const ended = yield* Effect.async<Ended>((resume) => {
          const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DEPLOYERS_HOME: home }
          const child = spawn(process.execPath, [bin, ...args], { cwd: root, env, stdio: ["ignore", "ignore", "pipe"] })
          let stderr = ""
          let isAsked = false
          child.stderr.setEncoding("utf8").on("data", (chunk) => {
            stderr += chunk
            if (isAsked || !stderr.includes("waiting for a healthy answer")) return
            isAsked = child.kill(interruption)
          })
          child.once("close", (exitCode) => resume(Effect.succeed({ exitCode, stdout: "", stderr })))
          return Effect.sync(() => child.kill("SIGKILL"))
        })
        expect(ended.exitCode).toBe(expected)
        expect(ended.stderr).toContain("the instance was removed")
        expect(ended.stderr).toContain("Interrupted.")
        expect(ended.stderr).not.toContain("could not")
        yield* leftNothing(cli, home)
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    60_000
  )

  it.live(
    "exits at once at the second Ctrl-C, and reconcile undoes the operation",
    () =>
      Effect.gen(function* () {
        const { cli, home } = yield* world
        const args = ["deploy", "test/pipelines/failing.ts#silent", "--name", "weather"]
        const signal = yield* Effect.async<NodeJS.Signals | null>((resume) => {
          const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DEPLOYERS_HOME: home }
          const child = spawn(process.execPath, [bin, ...args], { cwd: root, env, stdio: ["ignore", "ignore", "pipe"] })
          let stderr = ""
          let isAsked = false
          child.stderr.setEncoding("utf8").on("data", (chunk) => {
            stderr += chunk
            if (isAsked || !stderr.includes("waiting for a healthy answer")) return
            isAsked = child.kill("SIGINT")
            // Two at once count as one, so the second is sent until it arrives.
            const again = setInterval(() => child.kill("SIGINT"), 2)
            child.once("close", () => clearInterval(again))
          })
          child.once("close", (_, by) => resume(Effect.succeed(by)))
          return Effect.sync(() => child.kill("SIGKILL"))
        })
        expect(signal).toBe("SIGINT")
        expect(parse(yield* cli(["reconcile", "--dry-run", "--json"]))).toMatchObject({
          actions: [{ deployment: "weather", action: "undo", outcome: "planned" }]
        })
        expect(parse(yield* cli(["reconcile", "--json"]))).toMatchObject({
          actions: [{ deployment: "weather", action: "undo", outcome: "done" }]
        })
        expect(parse(yield* cli(["reconcile", "--json"]))).toMatchObject({ actions: [] })
        yield* leftNothing(cli, home)
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    60_000
  )

  it.live("passes its checks on this machine and keeps its home private", () =>
    Effect.gen(function* () {
      const { cli, home } = yield* world
      expect((yield* cli(["list", "--json"])).exitCode).toBe(0)
      const checked = yield* cli(["doctor", "--json"])
      expect(parse(checked)).toMatchObject({ healthy: true })
      const { checks } = parse(checked) as { readonly checks: ReadonlyArray<{ name: string; detail: string }> }
      const named = Object.fromEntries(checks.map(({ detail, name }) => [name, detail]))
      expect(named).toMatchObject({
        "home folder": `${home} (mode 700)`,
        "disk space": expect.stringMatching(/^\d+ MiB are free at /),
        deployments: "no deployments",
        supervisor: "no local deployment needs one",
        "process table": expect.stringMatching(/^processes are read by (\/proc|ps)$/),
        ports: expect.stringMatching(/\d+ to \d+/),
        clock: expect.stringMatching(/^\d{4}-/)
      })
      const fs = yield* FileSystem.FileSystem
      yield* fs.chmod(home, 0o755)
      const open = yield* cli(["doctor", "--json"])
      expect(open.exitCode).toBe(1)
      expect(open.stdout).toContain("chmod 700")
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
  )

  it.live("exits quietly when the reader of its output is gone", () =>
    Effect.gen(function* () {
      const { home } = yield* world
      const ended = yield* Effect.async<Ended>((resume) => {
        const child = spawn(process.execPath, [bin, "--help"], {
          env: { PATH: process.env["PATH"], DEPLOYERS_HOME: home }
        })
        child.stdout.destroy()
        const text = { stdout: "", stderr: "" }
        child.stderr.setEncoding("utf8").on("data", (chunk) => {
          text.stderr += chunk
        })
        child.once("close", (exitCode) => resume(Effect.succeed({ exitCode, ...text })))
      })
      expect(ended).toEqual({ exitCode: 0, stdout: "", stderr: "" })
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
  )
})

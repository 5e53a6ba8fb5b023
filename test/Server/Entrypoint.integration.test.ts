import { spawn } from "node:child_process"
import { Agent } from "node:http"
import { connect } from "node:net"
import * as Path from "node:path"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schedule, Schema, type Scope } from "effect"
import type { Settings } from "effect-deployers"
import { Endpoint } from "../../src/Contract/Manifest.js"
import * as RawCaller from "../RawCaller.js"
import { bundle } from "./Bundled.js"
import type { Json } from "./Harness.js"
import { manifestTest } from "./Manifest.js"
import { weather } from "./Pipelines.js"
import { names, told } from "./Sse.js"

const root = Path.resolve(import.meta.dirname, "../..")

const entry = (declarations: string) => `
import { main } from "./src/Server/Entrypoint.js"
import { weather } from "./test/Server/Pipelines.js"
import { Effect, Schema } from "effect"
import { Pipeline, Run, Step } from "effect-deployers"
${declarations}
main({ module: { pipeline }, file: "weather.ts" })
`

/** Logs a text of its caller in each way. */
const chatty = `
export const pipeline = Pipeline.make("chatty", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.String,
  run: ({ city }) => Effect.sync(() => {
    console.log("said " + city)
    console.error("said " + city)
    process.stdout.write("said " + city + "\\n")
    return city
  })
})`

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const withFew = (openFiles: number | undefined) =>
  openFiles === undefined ? [] : ["sh", "-c", 'ulimit -n "$0"; exec "$@"', `${openFiles}`]

const start = (
  main: string,
  args: ReadonlyArray<string>,
  nodeArgs: ReadonlyArray<string> = [],
  openFiles: number | undefined = undefined
) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [program = "", ...words] = [...withFew(openFiles), process.execPath, ...nodeArgs, main, ...args]
      const child = spawn(program, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
      const output = { stdout: "", stderr: "" }
      child.stdout.on("data", (data) => {
        output.stdout += data
      })
      child.stderr.on("data", (data) => {
        output.stderr += data
      })
      const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, ...output })))
      return { child, ended: Effect.promise(() => ended) }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const inFolder = <A, E>(
  use: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ directory: Path.join(root, "node_modules") })
    return yield* use(folder, fs)
  }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

const serve = (
  folder: string,
  fs: FileSystem.FileSystem,
  declarations: string,
  port?: number,
  nodeArgs: ReadonlyArray<string> = [],
  serving: Settings.ServingInput = {},
  openFiles: number | undefined = undefined
) =>
  Effect.gen(function* () {
    const main = `${folder}/main.mjs`
    yield* bundle(main, entry(declarations))
    const manifest = {
      ...manifestTest(weather, { serving }),
      listen: { host: "127.0.0.1", fallback: false, ...(port === undefined ? {} : { port }) },
      runStore: `${folder}/runs.db`,
      endpointFile: `${folder}/endpoint.json`
    }
    yield* fs.writeFileString(`${folder}/manifest.json`, JSON.stringify(manifest))
    return yield* start(main, ["serve", `${folder}/manifest.json`], nodeArgs, openFiles)
  })

const everyTenth = Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(500))

const health = (url: string) => Effect.tryPromise(async () => (await fetch(`${url}/health`)).status)

const endpointOf = (folder: string, fs: FileSystem.FileSystem) =>
  fs.readFileString(`${folder}/endpoint.json`).pipe(
    Effect.flatMap(Schema.decode(Schema.parseJson(Endpoint))),
    Effect.map(({ port }) => `http://127.0.0.1:${port}`),
    Effect.tap((url) => Effect.filterOrFail(health(url), (status) => status === 200)),
    Effect.retry({ schedule: everyTenth })
  )

const post = (url: string, parameters: unknown, headers: Record<string, string> = {}) =>
  Effect.promise(async () => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ parameters })
    }
    const response = await fetch(`${url}/invoke`, init)
    return { status: response.status, json: (await response.json()) as Json }
  })

const get = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return { status: response.status, json: (await response.json()) as Json }
  })

/** Connections that send nothing, until the scope closes. */
const crowd = (port: number, size: number) =>
  Effect.acquireRelease(
    Effect.sync(() => Array.from({ length: size }, () => connect(port, "127.0.0.1").on("error", () => {}))),
    (sockets) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      })
  )

/** The first five events of a stream, after which the connection is dropped. */
const fiveEvents = (url: string) =>
  Effect.promise(async (signal) => {
    const response = await fetch(url, { signal })
    let text = ""
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString("utf8")
      if (told(text).length === 5 && text.endsWith("\n\n")) break
    }
    return told(text)
  })

describe("a bundle", () => {
  it.live("describes its pipeline on one line", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        yield* bundle(`${folder}/main.mjs`, entry("export const pipeline = weather; console.log('noise')"))
        const { ended } = yield* start(`${folder}/main.mjs`, ["describe"])
        const { code, stdout } = yield* ended
        assert.strictEqual(code, 0)
        const line = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")
        assert.deepStrictEqual([line._tag, line.export, line.spec.name], ["Described", "pipeline", "weather"])
      })
    )
  )
  it.live("says how it is used, with exit code 2", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        yield* bundle(`${folder}/main.mjs`, entry("export const pipeline = weather"))
        const { ended } = yield* start(`${folder}/main.mjs`, [])
        const { code, stderr } = yield* ended
        assert.deepStrictEqual([code, stderr], [2, "Usage: main.mjs describe | main.mjs serve MANIFEST\n"])
      })
    )
  )
  it.live("F19 G19 G33: serves, logs JSON lines, keeps its files private and ends with 143 on SIGTERM at once", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const { child, ended } = yield* serve(folder, fs, chatty)
        const url = yield* endpointOf(folder, fs)
        const city = 'Oslo\n{"timestamp":"2026-01-01T00:00:00.000Z","level":"FATAL","message":"forged"}'
        const { json, status } = yield* post(url, { city })
        assert.strictEqual(status, 200)
        assert.strictEqual((yield* fs.stat(`${folder}/runs.db`)).mode & 0o077, 0)
        const kept = (yield* get(`${url}/runs/${json.metadata.runId}/logs`)).json["lines"]
        assert.deepStrictEqual(
          (kept as ReadonlyArray<Record<string, unknown>>).map(({ level, message }) => [level, message]),
          ["INFO", "ERROR", "INFO"].map((level) => [level, `said ${city}`])
        )
        const [duration, { code, stdout }] = yield* Effect.timed(
          Effect.zipRight(
            Effect.sync(() => child.kill("SIGTERM")),
            ended
          )
        )
        assert.strictEqual(code, 143)
        assert.isBelow(Number(duration.value._tag === "Millis" ? duration.value.millis : 0), 20_000)
        const records = stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line))
        for (const record of records) assert.property(record, "timestamp")
        const { runId } = json.metadata
        assert.deepStrictEqual(
          records.filter((record) => record.runId === runId).map(({ level, message }) => [level, message]),
          ["INFO", "ERROR", "INFO"].map((level) => [level, `said ${city}`])
        )
        assert.notInclude(
          records.map(({ level }) => level),
          "FATAL"
        )
      })
    )
  )
  it.live("serves all the same where code may not be made from texts", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const nodeArgs = ["--disallow-code-generation-from-strings"]
        yield* serve(folder, fs, "export const pipeline = weather", undefined, nodeArgs)
        const url = yield* endpointOf(folder, fs)
        assert.strictEqual((yield* post(url, { city: "Oslo" })).status, 200)
        assert.strictEqual((yield* post(url, { city: 7 })).status, 400)
      })
    )
  )
  it.live("G09 G10: reads the script of a page beside it when a browser asks, and says if it is missing", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        yield* serve(folder, fs, "export const pipeline = weather")
        const url = yield* endpointOf(folder, fs)
        const missing = yield* get(`${url}/docs?script=x`)
        assert.strictEqual(missing.status, 404)
        assert.match(String(missing.json["message"]), /Copy the files dist\/Server\/Pages\/\*\.js\.br of the package/)
        yield* fs.copyFile(`${root}/src/Server/Pages/reference.js.br`, `${folder}/reference.js.br`)
        const answer = yield* Effect.promise(() => fetch(`${url}/docs?script=x`))
        assert.strictEqual(answer.status, 200)
        assert.include(yield* Effect.promise(() => answer.text()), "Swagger UI")
        yield* fs.symlink("/etc/passwd", `${folder}/link.js`)
        for (const name of ["main.mjs", "manifest.json", "runs.db", "reference.js.br", "link.js", "%2e%2e/link.js"]) {
          assert.strictEqual((yield* get(`${url}/${name}`)).status, 404, name)
          const named = yield* Effect.promise(() => fetch(`${url}/docs?script=${name}`))
          assert.include(yield* Effect.promise(() => named.text()), "Swagger UI", name)
        }
      })
    )
  )
  it.live("loads the protocol of tools beside it when a client asks, and says if it is missing", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        yield* serve(folder, fs, "export const pipeline = weather")
        const url = yield* endpointOf(folder, fs)
        const list = Effect.promise(() =>
          fetch(`${url}/mcp`, {
            method: "POST",
            headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
            body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" })
          }).then(async (response) => ({ status: response.status, text: await response.text() }))
        )
        const missing = yield* list
        assert.strictEqual(missing.status, 404)
        assert.include(missing.text, "Copy the file dist/Server/Mcp/mcp.js.br of the package")
        yield* fs.copyFile(`${root}/src/Server/Mcp/mcp.js.br`, `${folder}/mcp.js.br`)
        const found = yield* list
        assert.strictEqual(found.status, 200)
        assert.include(found.text, '"name":"weather"')
      })
    )
  )
  it.live("F41: closes connections for which no file descriptor is left, serves the others, and accepts again", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const { child } = yield* serve(folder, fs, "export const pipeline = weather", undefined, [], {}, 64)
        const url = yield* endpointOf(folder, fs)
        const kept = new Agent({ keepAlive: true, maxSockets: 1 })
        const body = { parameters: { city: "Oslo" } }
        const invoke = (agent: Agent | false) =>
          Effect.map(RawCaller.post(`${url}/invoke`, body, agent), ({ status }) => status)
        assert.strictEqual(yield* invoke(kept), 200)
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* crowd(Number(new URL(url).port), 100)
            yield* Effect.repeat(Effect.isFailure(invoke(false)), { until: (refused) => refused, schedule: everyTenth })
            assert.strictEqual(yield* invoke(kept), 200)
          })
        )
        yield* Effect.retry(invoke(false), { schedule: everyTenth })
        kept.destroy()
        assert.isNull(child.exitCode)
      })
    )
  )
  it.live("F35: ends, and says why, when a step leaks more memory than the process may have", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const declarations = `
        const kept = []
        const leak = Step.make("leak", {
          input: Schema.Void,
          output: Schema.Void,
          run: () => Effect.forever(Effect.sync(() => { kept.push(new Array(100_000).fill(kept.length)) }))
        })
        export const pipeline = Pipeline.make("leaky", { input: Schema.Struct({}), output: Schema.Void, run: () => leak() })`
        const { ended } = yield* serve(folder, fs, declarations, undefined, ["--max-old-space-size=64"])
        const url = yield* endpointOf(folder, fs)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(post(url, {}))))
        const { code, stderr } = yield* ended
        assert.notStrictEqual(code, 0)
        assert.include(stderr, "JavaScript heap out of memory")
      })
    )
  )
  it.live("D06: serves beside a run store that is damaged when it starts", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        yield* fs.writeFileString(`${folder}/runs.db`, "my thesis\n".repeat(1_000))
        const { child, ended } = yield* serve(folder, fs, "export const pipeline = weather")
        const url = yield* endpointOf(folder, fs)
        const { json, status } = yield* post(url, { city: "Oslo" })
        assert.strictEqual(status, 200)
        assert.strictEqual((yield* get(`${url}/runs/${json.metadata.runId}`)).status, 200)
        const old = yield* get(`${url}/runs/01900000-0000-7000-8000-000000000001`)
        assert.deepInclude(old, { status: 503 })
        assert.include(old.json["message"], `${folder}/runs.db`)
        assert.include(old.json["message"], "it was left as it is")
        child.kill("SIGTERM")
        assert.include((yield* ended).stdout, `${folder}/runs.db.2 takes the new runs`)
      })
    )
  )
  it.live("F34 G36: drains and ends with 70 on an uncaught error of the pipeline", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const declarations = `export const pipeline = Pipeline.make("rogue", {
          input: Schema.Struct({}),
          output: Schema.String,
          run: () => Effect.sync(() => { setImmediate(() => { throw new Error("rogue callback") }); return "ok" })
        })`
        const { child, ended } = yield* serve(folder, fs, declarations)
        const url = yield* endpointOf(folder, fs)
        child.kill("SIGUSR1")
        yield* Effect.exit(post(url, {}))
        const { code, stderr, stdout } = yield* ended
        assert.strictEqual(code, 70)
        assert.include(stdout, "rogue callback")
        assert.notInclude(stderr, "Debugger listening")
      })
    )
  )
  it.live("F34: continues after uncaught errors if it is set so, and names the runs in progress", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const declarations = `
        import { EventEmitter } from "node:events"
        const causes = {
          timer: () => setTimeout(() => { throw new Error("rogue timer") }),
          rejection: () => void Promise.reject(new Error("rogue rejection")),
          event: () => setImmediate(() => new EventEmitter().emit("error", new Error("rogue event")))
        }
        export const pipeline = Pipeline.make("rogue", {
          input: Schema.Struct({ kind: Schema.String }),
          output: Schema.Number,
          run: ({ kind }) => Effect.async((resume) => {
            const listener = (error) => { if (error.message === "rogue " + kind) setImmediate(() => resume(Effect.succeed(process.pid))) }
            process.once("uncaughtException", listener).once("unhandledRejection", listener)
            causes[kind]()
          })
        })`
        const { child, ended } = yield* serve(folder, fs, declarations, undefined, [], { onUncaughtError: "continue" })
        const url = yield* endpointOf(folder, fs)
        const ids: Array<string> = []
        for (const kind of ["timer", "rejection", "event"]) {
          const { json, status } = yield* post(url, { kind })
          assert.strictEqual(status, 200)
          assert.strictEqual(json["outputs"], child.pid)
          ids.push(json.metadata.runId)
        }
        child.kill("SIGTERM")
        const { code, stdout } = yield* ended
        assert.strictEqual(code, 143)
        for (const id of ids) assert.include(stdout, `while this run was in progress: ${id}. The service continues.`)
      })
    )
  )
  it.live("F22 F39: is killed: what it had accepted is known to the next one as lost, and is not run again", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const declarations = `
          const schemas = { input: Schema.Void, output: Schema.Void }
          const quick = Step.make("quick", { ...schemas, run: () => Effect.void })
          const endless = Step.make("endless", { ...schemas, run: () => Effect.never })
          export const pipeline = Pipeline.make("endless", {
            input: Schema.Struct({}),
            output: Schema.Void,
            run: () => quick().pipe(Effect.zipRight(Run.publish({ half: true })), Effect.zipRight(endless()))
          })`
        const keyed = { "idempotency-key": "once" }
        const first = yield* serve(folder, fs, declarations)
        const accepted = yield* post(yield* endpointOf(folder, fs), {}, { ...keyed, prefer: "respond-async" })
        assert.strictEqual(accepted.status, 202)
        const seen = yield* fiveEvents(`${yield* endpointOf(folder, fs)}/runs/${accepted.json.runId}/events`)
        first.child.kill("SIGKILL")
        yield* first.ended
        yield* fs.remove(`${folder}/endpoint.json`)
        yield* start(`${folder}/main.mjs`, ["serve", `${folder}/manifest.json`])
        const url = yield* endpointOf(folder, fs)
        const { runId } = accepted.json
        const { json: run } = yield* get(`${url}/runs/${runId}`)
        assert.deepInclude(run, { id: runId, status: "interrupted", cause: "lost" })
        const events = told(yield* Effect.promise(async () => (await fetch(`${url}/runs/${runId}/events`)).text()))
        assert.deepStrictEqual(names(seen), ["run_started", "step_started", "step_finished", "message", "step_started"])
        assert.deepStrictEqual(events.slice(0, 5), seen)
        assert.deepStrictEqual([events.length, events[5]?.id, events[5]?.event], [6, 6, "run_finished"])
        const again = yield* post(url, {}, keyed)
        assert.deepStrictEqual([again.status, again.json["reason"], again.json.runId], [503, "lost", runId])
        assert.strictEqual((yield* get(`${url}/runs`)).json.runs.length, 1)
      })
    )
  )
})

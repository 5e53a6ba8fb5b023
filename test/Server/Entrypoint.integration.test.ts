import { spawn } from "node:child_process"
import * as Path from "node:path"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, Schema, type Scope } from "effect"
import { Endpoint } from "../../src/Contract/Manifest.js"
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
import { Pipeline } from "effect-deployers"
${declarations}
main({ module: { pipeline }, file: "weather.ts" })
`

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const start = (main: string, args: ReadonlyArray<string>, nodeArgs: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [...nodeArgs, main, ...args], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"]
      })
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
  nodeArgs: ReadonlyArray<string> = []
) =>
  Effect.gen(function* () {
    const main = `${folder}/main.mjs`
    yield* bundle(main, entry(declarations))
    const manifest = {
      ...manifestTest(weather),
      listen: { host: "127.0.0.1", fallback: false, ...(port === undefined ? {} : { port }) },
      runStore: `${folder}/runs.db`,
      endpointFile: `${folder}/endpoint.json`
    }
    yield* fs.writeFileString(`${folder}/manifest.json`, JSON.stringify(manifest))
    return yield* start(main, ["serve", `${folder}/manifest.json`], nodeArgs)
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
  it.live("serves, logs JSON lines, keeps its files private and ends with 143 on SIGTERM at once", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const { child, ended } = yield* serve(folder, fs, "export const pipeline = weather")
        const url = yield* endpointOf(folder, fs)
        assert.strictEqual((yield* post(url, { city: "Oslo" })).status, 200)
        assert.strictEqual((yield* fs.stat(`${folder}/runs.db`)).mode & 0o077, 0)
        const [duration, { code, stdout }] = yield* Effect.timed(
          Effect.zipRight(
            Effect.sync(() => child.kill("SIGTERM")),
            ended
          )
        )
        assert.strictEqual(code, 143)
        assert.isBelow(Number(duration.value._tag === "Millis" ? duration.value.millis : 0), 500)
        for (const line of stdout.trimEnd().split("\n")) assert.property(JSON.parse(line), "timestamp")
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
  it.live("reads the script of a page beside it when a browser asks, and says if it is missing", () =>
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
      })
    )
  )
  it.live("drains and ends with 70 on an uncaught error of the pipeline", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const declarations = `export const pipeline = Pipeline.make("rogue", {
          input: Schema.Struct({}),
          output: Schema.String,
          run: () => Effect.sync(() => { setImmediate(() => { throw new Error("rogue callback") }); return "ok" })
        })`
        const { ended } = yield* serve(folder, fs, declarations)
        const url = yield* endpointOf(folder, fs)
        yield* Effect.exit(post(url, {}))
        const { code, stdout } = yield* ended
        assert.strictEqual(code, 70)
        assert.include(stdout, "rogue callback")
      })
    )
  )
  it.live("is killed: what it had accepted is known to the next one as lost, and is not run again", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const declarations = `export const pipeline = Pipeline.make("endless", {
          input: Schema.Struct({}),
          output: Schema.String,
          run: () => Effect.never
        })`
        const keyed = { "idempotency-key": "once" }
        const first = yield* serve(folder, fs, declarations)
        const accepted = yield* post(yield* endpointOf(folder, fs), {}, { ...keyed, prefer: "respond-async" })
        assert.strictEqual(accepted.status, 202)
        first.child.kill("SIGKILL")
        yield* first.ended
        yield* fs.remove(`${folder}/endpoint.json`)
        yield* start(`${folder}/main.mjs`, ["serve", `${folder}/manifest.json`])
        const url = yield* endpointOf(folder, fs)
        const { runId } = accepted.json
        const { json: run } = yield* get(`${url}/runs/${runId}`)
        assert.deepInclude(run, { id: runId, status: "interrupted", cause: "lost" })
        const events = told(yield* Effect.promise(async () => (await fetch(`${url}/runs/${runId}/events`)).text()))
        assert.deepStrictEqual(names(events), ["run_started", "run_finished"])
        const again = yield* post(url, {}, keyed)
        assert.deepStrictEqual([again.status, again.json["reason"], again.json.runId], [503, "lost", runId])
        assert.strictEqual((yield* get(`${url}/runs`)).json.runs.length, 1)
      })
    )
  )
})

import { spawn } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import * as LogRotation from "../../src/Server/Process/LogRotation.js"
import * as FullDisk from "../FullDisk.js"
import { bundle } from "./Bundled.js"
import type { Json } from "./Harness.js"
import { manifestTest } from "./Manifest.js"
import { weather } from "./Pipelines.js"

const root = Path.resolve(import.meta.dirname, "../..")

/** A pipeline that writes more to its log than a page, past the console. */
const program = `
import { main } from "./src/Server/Entrypoint.js"
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
const pipeline = Pipeline.make("chatty", {
  input: Schema.Struct({ size: Schema.Number }),
  output: Schema.Struct({ text: Schema.String }),
  run: ({ size }) => Effect.sync(() => {
    process.stdout.write("chatter ".repeat(2_000) + "\\n")
    return { text: "x".repeat(size) }
  })
})
main({ module: { pipeline }, file: "chatty.ts" })
`

/** A service whose run store and log are in `disk`, and whose program is elsewhere. */
const served = (disk: string) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(Path.join(root, "node_modules", "full-disk-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    )
    yield* bundle(`${folder}/main.mjs`, program)
    const endpointFile = `${folder}/endpoint.json`
    const listen = { host: "127.0.0.1", fallback: false }
    const manifest = { ...manifestTest(weather), listen, runStore: `${disk}/runs.db`, endpointFile }
    writeFileSync(`${folder}/manifest.json`, JSON.stringify(manifest))
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const log = openSync(`${disk}/service.log`, "a")
        const child = spawn(process.execPath, [`${folder}/main.mjs`, "serve", `${folder}/manifest.json`], {
          cwd: root,
          stdio: ["ignore", log, log]
        })
        closeSync(log)
        return child
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const port = yield* Effect.retry(
      Effect.try(() => Number(JSON.parse(readFileSync(endpointFile, "utf8")).port)),
      patiently
    )
    return { child, url: `http://127.0.0.1:${port}` }
  })

const patiently = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(600))

const ask = (url: string, parameters?: unknown) =>
  Effect.promise(async () => {
    const init =
      parameters === undefined
        ? {}
        : {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ parameters })
          }
    const response = await fetch(url, init)
    return { status: response.status, json: (await response.json()) as Json }
  })

const runIds = (url: string) =>
  Effect.map(ask(`${url}/runs?status=succeeded`), ({ json }) =>
    (json as unknown as { readonly runs: ReadonlyArray<{ readonly id: string }> }).runs.map(({ id }) => id).sort()
  )

const idOf = (json: Json): string =>
  (json as unknown as { readonly metadata: { readonly runId: string } }).metadata.runId

describe.runIf(FullDisk.canMount)("a service on a disk without a free byte", () => {
  it.scopedLive(
    "F43: refuses runs with the reason, reads, survives its own log, and goes on when there is room",
    () =>
      Effect.gen(function* () {
        const disk = yield* FullDisk.make(4_194_304)
        const { child, url } = yield* served(disk.folder)
        const before = yield* Effect.repeat(ask(`${url}/invoke`, { size: 1 }), {
          until: ({ status }) => status === 200,
          schedule: patiently
        }).pipe(Effect.zipRight(ask(`${url}/invoke`, { size: 1 })))
        assert.strictEqual(before.status, 200)
        const known = yield* runIds(url)
        assert.include(known, idOf(before.json))
        yield* disk.fill
        const refused = yield* ask(`${url}/invoke`, { size: 100_000 })
        assert.strictEqual(refused.status, 503)
        assert.include(JSON.stringify(refused.json), "The disk of the run store is full")
        assert.strictEqual((yield* ask(`${url}/invoke`, { size: 100_000 })).status, 503)
        assert.deepStrictEqual(yield* runIds(url), known)
        assert.isNull(child.exitCode)
        yield* disk.free
        const after = yield* Effect.repeat(ask(`${url}/invoke`, { size: 100_000 }), {
          until: ({ status }) => status === 200,
          schedule: patiently
        }).pipe(Effect.zipRight(ask(`${url}/invoke`, { size: 1 })))
        assert.strictEqual(after.status, 200)
        assert.includeMembers(yield* runIds(url), [...known, idOf(after.json)])
      }),
    120_000
  )

  it.scoped("rotates its log in the room of the older ones", () =>
    Effect.gen(function* () {
      const disk = yield* FullDisk.make(1_048_576)
      const file = `${disk.folder}/service.log`
      writeFileSync(file, "new ".repeat(10_000))
      writeFileSync(`${file}.1`, "old ".repeat(10_000))
      writeFileSync(`${file}.2`, "older ".repeat(10_000))
      yield* disk.fill
      assert.isTrue(yield* LogRotation.rotate({ file, maxBytes: 10_000, keep: 3 }))
      assert.strictEqual(readFileSync(file, "utf8"), "")
      assert.strictEqual(readFileSync(`${file}.1`, "utf8"), "new ".repeat(10_000))
      assert.strictEqual(readFileSync(`${file}.2`, "utf8"), "old ".repeat(10_000))
    })
  )

  it.scoped("leaves its log as it is when no older one can give way", () =>
    Effect.gen(function* () {
      const disk = yield* FullDisk.make(1_048_576)
      const file = `${disk.folder}/service.log`
      writeFileSync(file, "new ".repeat(10_000))
      yield* disk.fill
      assert.isFalse(yield* LogRotation.rotate({ file, maxBytes: 10_000, keep: 3 }))
      assert.strictEqual(readFileSync(file, "utf8"), "new ".repeat(10_000))
    })
  )
})

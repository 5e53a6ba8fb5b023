// Runs of ten steps whose process is killed or replaced again and again: all end, and no recorded step runs again.
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import { FileSystem } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import type { Settings } from "effect-deployers"
import { Runs } from "effect-deployers/Store"
import { type Run, RunStore } from "../../../../src/Store/RunStore.js"
import { isLong } from "../../../Long.js"
import { bundle } from "../../Bundled.js"
import { ask, eventually, restart, type Service, scoped, urlOf } from "../../Cluster/Service.js"
import { manifestTest } from "../../Manifest.js"
import { tenfold } from "./Tenfold.js"

/** A start of several workers takes some times as long as that of one process. */
const sizes = (workers: number) =>
  isLong ? { runs: 300, ends: workers === 1 ? 60 : 20 } : { runs: 20, ends: workers === 1 ? 5 : 3 }

const root = Path.resolve(import.meta.dirname, "../../../..")

const entry = `
import { main } from "./src/Server/Entrypoint.js"
import { tenfold } from "./test/Server/Run/Durable/Tenfold.js"
main({ module: { tenfold }, file: "tenfold.ts" })`

/** A folder with the bundle, the manifest of a generation, and the file of the side effects. */
const prepare = (serving: Settings.ServingInput) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ directory: Path.join(root, "node_modules") })
    yield* bundle(`${folder}/main.mjs`, entry)
    const effects = `${folder}/effects.txt`
    yield* fs.writeFileString(effects, "")
    const manifest = {
      ...manifestTest(tenfold, { serving }),
      runStore: `${folder}/runs.db`,
      endpointFile: `${folder}/endpoint.json`
    }
    const serve = (generation: number) =>
      fs
        .writeFileString(`${folder}/manifest.json`, JSON.stringify({ ...manifest, generation }))
        .pipe(Effect.orDie, Effect.zipRight(restart(folder, { TENFOLD_EFFECTS: effects })))
    const done = () => readFileSync(effects, "utf8").split("\n").slice(0, -1)
    return { folder, serve, done }
  }).pipe(Effect.orDie)

const startRun = (url: string, pauseMillis: number) =>
  Effect.map(
    eventually(
      Effect.filterOrFail(
        ask(url, "/invoke", { parameters: { pauseMillis } }, false, { prefer: "respond-async" }),
        ({ status }) => status === 202
      )
    ),
    ({ text }) => (JSON.parse(text) as { readonly runId: string }).runId
  )

/** Kills a service with its workers, or drains it after its successor has started. */
const kill = ({ ended, primary }: Service) =>
  Effect.zipRight(
    Effect.sync(() => primary.pid !== undefined && process.kill(-primary.pid, "SIGKILL")),
    ended
  )

const drain = ({ ended, primary }: Service) =>
  Effect.zipRight(
    Effect.sync(() => primary.kill("SIGTERM")),
    ended
  )

const allRuns = (folder: string, ids: ReadonlyArray<string>) =>
  Effect.flatMap(RunStore, (store) => Effect.forEach(ids, (id) => Effect.flatten(store.find(id)))).pipe(
    Effect.provide(Runs.layerReadOnly(`${folder}/runs.db`)),
    Effect.filterOrFail((runs) => runs.every(({ status }) => status !== "queued" && status !== "running"))
  )

/** Each recorded result is that of the last execution of its step, and each step has a result. */
const check = ({ id, outputs, status, steps = [] }: Run, done: ReadonlyArray<string>) => {
  assert.strictEqual(status, "succeeded", id)
  const { executions } = outputs as { readonly executions: ReadonlyArray<string> }
  assert.deepStrictEqual(
    steps.map(({ name, outputs }) => [name, outputs]),
    executions.map((execution, index) => [`step${index + 1}`, execution])
  )
  for (const [index, execution] of executions.entries()) {
    const lines = done.filter((line) => line.startsWith(`${id} step${index + 1} `))
    assert.strictEqual(lines.at(-1), `${id} step${index + 1} ${execution}`)
  }
}

const proof = (workers: number) =>
  scoped(
    Effect.gen(function* () {
      const { ends, runs: count } = sizes(workers)
      const { done, folder, serve } = yield* prepare({
        recovery: "resume",
        workers,
        maxConcurrency: 3,
        drainTimeoutMillis: 200
      })
      let generation = 1
      let service = yield* serve(generation)
      const url = yield* urlOf(service)
      const ids = yield* Effect.forEach(
        Array.from({ length: count }, (_, n) => n),
        (n) => startRun(url, 10 + 10 * (n % 4)),
        { concurrency: 10 }
      )
      const total = count * 10
      for (let end = 1; end <= ends; end++) {
        // A random moment: the work of this process is done in part.
        const moment = done().length + (yield* Random.nextIntBetween(1, Math.floor(total / (5 * ends))))
        yield* eventually(Effect.filterOrFail(Effect.sync(done), ({ length }) => length >= Math.min(moment, total)))
        assert.isBelow(done().length, total, "every end comes before that of the runs")
        if (end % 3 === 0) {
          const next = yield* serve(++generation)
          yield* urlOf(next)
          yield* drain(service)
          service = next
        } else {
          yield* kill(service)
          service = yield* serve(generation)
          yield* urlOf(service)
        }
      }
      const runs = yield* eventually(allRuns(folder, ids)).pipe(
        Effect.tapErrorCause(() => Effect.sync(() => process.stderr.write(service.log())))
      )
      const lines = done()
      for (const run of runs) check(run, lines)
      const repeated = lines.length - total
      process.stdout.write(`${runs.length} durable runs, ${ends} ends of their process, ${repeated} repeated steps\n`)
      yield* kill(service)
    })
  )

/** Runs that were answered before a kill. */
const answered = (serving: Settings.ServingInput) =>
  scoped(
    Effect.gen(function* () {
      const { folder, serve } = yield* prepare(serving)
      const service = yield* serve(1)
      const url = yield* urlOf(service)
      const ready = eventually(
        Effect.filterOrFail(ask(url, "/invoke", { parameters: { pauseMillis: 0 } }), ({ status }) => status === 200)
      )
      const replies = yield* Effect.forEach(Array.from({ length: 20 }), () => ready, { concurrency: 5 })
      yield* kill(service)
      const ids = replies.map(
        ({ text }) => (JSON.parse(text) as { readonly metadata: { readonly runId: string } }).metadata.runId
      )
      const runs = yield* allRuns(folder, ids)
      assert.deepStrictEqual(
        runs.map(({ status, steps = [] }) => [status, steps.length]),
        Array.from({ length: 20 }, () => ["succeeded", 10])
      )
    })
  )

const timeout = isLong ? 1_800_000 : 120_000

describe("durable runs", () => {
  it.live("H06: survive kills and redeploys of their process at random moments", () => proof(1), { timeout })

  it.live(
    "with relaxed recording, an answered run outlives the kill of its process",
    () => answered({ recording: "relaxed", recovery: "fail" }),
    { timeout }
  )

  it.live("H06: survive those of three workers, too", () => proof(3), { timeout })
})

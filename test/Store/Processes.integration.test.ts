import { Command, FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { build } from "esbuild"
import { RunStore } from "../../src/Store/RunStore.js"
import * as Runs from "../../src/Store/Runs.js"
import { folder } from "./support.js"

const program = `
import * as Effect from "effect/Effect"
import * as Runs from "./src/Store/Runs.js"
import { RunStore } from "./src/Store/RunStore.js"
import * as DateTime from "effect/DateTime"
const [path, first, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const run = (n) => ({ _tag: "Run", run: {
  id: "01900000-0000-7000-8000-" + n.toString(16).padStart(12, "0"), index: n, name: "r", status: "succeeded",
  parameters: { n }, startedAt: DateTime.unsafeMake(n), steps: [
    { name: "s", status: "succeeded", attempts: 1, startedAt: DateTime.unsafeMake(n) }
  ] } })
const main = Effect.flatMap(RunStore, (store) => Effect.forEach(
  Array.from({ length: rounds }, (_, i) => first + i),
  (n) => Effect.zipRight(store.commit([run(n)]), Effect.sync(() => process.stdout.write(n + "\\n"))),
  { discard: true }
))
Effect.runPromise(Effect.provide(main, Runs.layerFile(path))).catch((error) => {
  process.stderr.write(String(error)); process.exitCode = 1
})
`

/** The run store as a bundle, in the way a served process carries it. */
const bundled = (outfile: string) =>
  Effect.promise(() =>
    build({
      stdin: { contents: program, resolveDir: process.cwd(), loader: "ts" },
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      external: ["better-sqlite3"],
      conditions: ["@effect-deployers/source"],
      metafile: true
    })
  )

const writer = (script: string, path: string, first: number, rounds: number) =>
  Command.make(process.execPath, script, path, String(first), String(rounds)).pipe(
    Command.env({ NODE_PATH: `${process.cwd()}/node_modules` })
  )

describe("several processes on one run store", () => {
  it.scopedLive("all that make a new one at the same time succeed, and no run is lost", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const script = `${root}/writer.cjs`
      yield* bundled(script)
      const codes = yield* Effect.forEach(
        [0, 1, 2, 3],
        (n) => Command.exitCode(writer(script, `${root}/db/runs.db`, n * 100 + 1, 50)),
        {
          concurrency: "unbounded"
        }
      )
      assert.deepStrictEqual(codes.map(Number), [0, 0, 0, 0])
      const counts = yield* Effect.provide(
        Effect.flatMap(RunStore, (store) => store.counts),
        Runs.layerFile(`${root}/db/runs.db`)
      )
      assert.strictEqual(counts.succeeded, 200)
      const fs = yield* FileSystem.FileSystem
      assert.deepStrictEqual(yield* fs.readDirectory(`${root}/db`), ["runs.db"])
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("a killed one leaves everything it acknowledged, and a store that opens", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const script = `${root}/writer.cjs`
      const path = `${root}/db/runs.db`
      yield* bundled(script)
      for (const kills of [1, 20, 40]) {
        const child = yield* Command.start(writer(script, path, 1_000 * kills, 100_000))
        const lines = child.stdout.pipe(Stream.decodeText(), Stream.splitLines)
        const seen = yield* lines.pipe(
          Stream.zipWithIndex,
          Stream.tap(([, index]) => (index === kills ? Effect.forkDaemon(child.kill("SIGKILL")) : Effect.void)),
          Stream.runCollect
        )
        const acknowledged = Chunk.toReadonlyArray(seen).map(([line]) => Number(line))
        const found = yield* Effect.provide(
          Effect.flatMap(RunStore, (store) =>
            Effect.forEach(acknowledged, (n) =>
              store.find(`01900000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`)
            )
          ),
          Runs.layerFile(path)
        )
        assert.isAbove(found.length, kills)
        assert.isTrue(found.every((run) => run._tag === "Some" && run.value.steps?.length === 1))
      }
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("what a served process carries of the stores", () => {
  it.scopedLive("is nothing of the registry", () =>
    Effect.gen(function* () {
      const path = yield* Path.Path
      const { metafile } = yield* bundled(`${yield* folder}/writer.cjs`)
      const ours = Object.keys(metafile.inputs).filter((file) => file.startsWith("src/Store/"))
      assert.include(
        ours.map((file) => path.basename(file)),
        "SqlRunStore.ts"
      )
      assert.deepStrictEqual(
        ours.filter((file) => /Registry|Deployment|Snapshot|Secret|(?<!Run)Event|Build|Lease|Operation/.test(file)),
        []
      )
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

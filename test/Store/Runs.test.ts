import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Effect, Layer, Option, TestClock } from "effect"
import { id, run, started, write } from "../../src/Conformance/StoreSuite/Fixtures.js"
import * as StoreSuite from "../../src/Conformance/StoreSuite.js"
import { RunStore } from "../../src/Store/RunStore.js"
import * as Runs from "../../src/Store/Runs.js"

const file = FileSystem.FileSystem.pipe(
  Effect.flatMap((fs) => fs.makeTempDirectoryScoped()),
  Effect.map((folder) => Runs.layerFile(`${folder}/runs.db`)),
  Layer.unwrapScoped,
  Layer.provide(NodeFileSystem.layer)
)

StoreSuite.runs("memory", Runs.layerMemory)
StoreSuite.runs("file", file)

/** The stores of two processes on one file. */
const two = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* fs.makeTempDirectoryScoped()}/runs.db`
  const of = (generation: number) =>
    Effect.map(Layer.build(Runs.layerFile(path, { generation })), (context) => Context.get(context, RunStore))
  return { old: yield* of(1), current: yield* of(2), again: of(2) }
}).pipe(Effect.provide(NodeFileSystem.layer))

const now = (n: number) => Effect.map(DateTime.now, (startedAt) => write(started(n, { startedAt })))

const statusOf = (store: typeof RunStore.Service, n: number) =>
  Effect.map(store.find(id(n)), (found) => Option.getOrThrow(found).status)

describe("a run store two generations write to", () => {
  it.scoped("leaves the runs of a process that lives to it, and marks them lost ten seconds after its last sign", () =>
    Effect.gen(function* () {
      const { current, old } = yield* two
      yield* old.commit([yield* now(1)])
      assert.strictEqual(yield* current.markLost, 0)
      for (let beat = 0; beat < 10; beat++) {
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual([yield* old.alive, yield* current.alive], [0, 0])
      }
      yield* old.commit([yield* now(2)])
      yield* old.commit([write(run(1))])
      assert.strictEqual(yield* statusOf(current, 1), "succeeded")
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* current.alive, 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* current.alive, 1)
      assert.strictEqual(yield* statusOf(old, 2), "interrupted")
      yield* old.commit([write(run(2))])
      assert.strictEqual(yield* statusOf(current, 2), "interrupted")
    })
  )

  it.scoped("knows that an earlier process of its own generation is dead", () =>
    Effect.gen(function* () {
      const { again, current, old } = yield* two
      yield* old.commit([yield* now(1)])
      yield* current.commit([yield* now(2)])
      assert.strictEqual(yield* Effect.flatMap(again, (store) => store.markLost), 1)
      assert.deepStrictEqual([yield* statusOf(old, 1), yield* statusOf(old, 2)], ["running", "interrupted"])
    })
  )
})

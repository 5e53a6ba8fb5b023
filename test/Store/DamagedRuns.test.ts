/** Run stores whose files are damaged: what can be read is answered, and a file beside it takes new runs. */
import { closeSync, existsSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, ExecutionStrategy, Exit, Layer, Option, Scope } from "effect"
import * as Fixtures from "../../src/Conformance/StoreSuite/Fixtures.js"
import { RunStore } from "../../src/Store/RunStore.js"
import * as RunStoreSeries from "../../src/Store/Runs/RunStoreSeries.js"
import * as Runs from "../../src/Store/Runs.js"
import { folder, outsider } from "./support.js"

const pageBytes = 4_096
const runs = 200

/** Large enough for a page or two of its own. */
const run = (n: number) => Fixtures.run(n, { outputs: { text: `${n}-`.repeat(1_500) } })

/** A store with runs of several pages, closed. */
const filled = Effect.gen(function* () {
  const path = `${yield* folder}/runs.db`
  yield* Effect.flatMap(RunStore, (store) =>
    Effect.forEach(
      Array.from({ length: runs / 20 }, (_, part) => Array.from({ length: 20 }, (_, n) => run(part * 20 + n + 1))),
      (some) => store.commit(some.map(Fixtures.write))
    )
  ).pipe(Effect.provide(Layer.fresh(Runs.layerFile(path))), Effect.scoped)
  return path
})

/** A process opens the series, until its scope closes. */
const process = (path: string, generation = 1) =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const context = yield* Layer.buildWithScope(Layer.fresh(RunStoreSeries.layer(path, { generation })), scope)
    return { store: yield* Effect.provide(RunStore, context), end: Scope.close(scope, Exit.void) }
  })

const overwrite = (path: string, page: number) => {
  const file = openSync(path, "r+")
  writeSync(file, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, (page - 1) * pageBytes)
  closeSync(file)
}

/** The leaf pages of a table or an index. */
const leavesOf = (path: string, name: string) =>
  Effect.scoped(
    Effect.flatMap(outsider(path), (sql) =>
      Effect.map(
        sql.unsafe<{ readonly pageno: number }>(
          `SELECT pageno FROM dbstat WHERE name = '${name}' AND pagetype = 'leaf' ORDER BY path`
        ),
        (rows) => rows.map(({ pageno }) => pageno)
      )
    )
  )

const add = (store: RunStore["Type"], n: number) => store.commit([Fixtures.write(run(n))])

const listAll = (store: RunStore["Type"]) =>
  Effect.gen(function* () {
    const found: Array<string> = []
    let cursor: string | undefined
    do {
      const page: Effect.Effect.Success<ReturnType<typeof store.list>> = yield* store.list({ limit: 50, cursor })
      found.push(...page.runs.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return found
  })

describe("D07: a run store with a damaged page", () => {
  it.scopedLive("answers what it can read, fails with the file and the remedy for the rest, and takes new runs", () =>
    Effect.gen(function* () {
      const path = yield* filled
      const leaves = yield* leavesOf(path, "runs")
      overwrite(path, leaves[Math.floor(leaves.length / 2)] ?? 0)
      const { store } = yield* process(path)
      const found = yield* Effect.forEach(
        Array.from({ length: runs }, (_, n) => n + 1),
        (n) => Effect.either(store.find(Fixtures.id(n)))
      )
      const failed = found.flatMap((one) => (one._tag === "Left" ? [one.left] : []))
      assert.isNotEmpty(failed)
      assert.isBelow(failed.length, 10)
      assert.deepInclude({ ...failed[0] }, { _tag: "StoreError", reason: "corrupt", path })
      assert.include(failed[0]?.message, "restore it from a backup")
      const listed = yield* listAll(store)
      assert.lengthOf(listed, runs - failed.length)
      yield* add(store, runs + 1)
      assert.deepStrictEqual(Option.getOrThrow(yield* store.find(Fixtures.id(runs + 1))).id, Fixtures.id(runs + 1))
      assert.lengthOf(yield* listAll(store), listed.length + 1)
    })
  )

  it.scopedLive("goes on in a new file when a write finds the damage, also in the next process", () =>
    Effect.gen(function* () {
      const path = yield* filled
      const damaged = readFileSync(path)
      const leaves = yield* leavesOf(path, "runs")
      overwrite(path, leaves.at(-1) ?? 0)
      for (const page of yield* leavesOf(path, "totals")) overwrite(path, page)
      const first = yield* process(path)
      assert.strictEqual(yield* first.store.lastIndex, 0)
      assert.strictEqual(yield* first.store.markLost, 0)
      yield* add(first.store, runs + 1)
      assert.isTrue(existsSync(`${path}.2`))
      const ids = yield* listAll(first.store)
      assert.strictEqual(ids[0], Fixtures.id(runs + 1))
      assert.isAbove(ids.length, runs - 10)
      yield* first.end
      assert.strictEqual(readFileSync(path).length, damaged.length)
      const second = yield* process(path, 2)
      yield* add(second.store, runs + 2)
      assert.deepStrictEqual(yield* listAll(second.store), [Fixtures.id(runs + 2), ...ids])
      assert.isFalse(existsSync(`${path}.3`))
      assert.strictEqual(yield* second.store.lastIndex, runs + 2)
      assert.strictEqual((yield* Effect.flip(second.store.find(Fixtures.id(runs)))).path, path)
      rmSync(path)
      const third = yield* process(path, 3)
      assert.deepStrictEqual(yield* listAll(third.store), [Fixtures.id(runs + 2), Fixtures.id(runs + 1)])
      assert.isTrue(Option.isNone(yield* third.store.find(Fixtures.id(1))))
    })
  )

  it.scopedLive("is found by the other processes of the deployment", () =>
    Effect.gen(function* () {
      const path = yield* filled
      const one = yield* process(path, 1)
      const other = yield* process(path, 2)
      yield* add(one.store, runs + 1)
      for (const page of yield* leavesOf(path, "totals")) overwrite(path, page)
      const third = yield* process(path, 3)
      yield* third.store.lastIndex
      yield* add(third.store, runs + 2)
      yield* one.store.alive
      yield* other.store.alive
      yield* add(other.store, runs + 3)
      assert.deepStrictEqual(
        (yield* listAll(one.store)).slice(0, 3),
        [3, 2, 1].map((n) => Fixtures.id(runs + n))
      )
    })
  )
})

describe("a run store whose file is no database any more", () => {
  const damages: ReadonlyArray<readonly [string, (path: string) => void]> = [
    ["has a damaged header", (path) => overwrite(path, 1)],
    ["is empty", (path) => truncateSync(path)],
    ["is cut off", (path) => truncateSync(path, 10 * pageBytes)],
    ["is text", (path) => writeFileSync(path, "my thesis\n".repeat(1_000))]
  ]
  for (const [what, damage] of damages) {
    it.scopedLive(`D06: ${what}: takes new runs beside it, and leaves it as it is`, () =>
      Effect.gen(function* () {
        const path = yield* filled
        damage(path)
        const before = readFileSync(path)
        for (const generation of [1, 2]) {
          const { end, store } = yield* process(path, generation)
          yield* store.lastIndex
          yield* store.markLost
          yield* add(store, runs + generation)
          assert.strictEqual(Option.getOrThrow(yield* store.find(Fixtures.id(runs + generation))).status, "succeeded")
          const error = yield* Effect.flip(store.find(Fixtures.id(1)))
          assert.deepInclude({ ...error }, { _tag: "StoreError", path })
          const page = yield* store.list({ limit: 50 })
          assert.lengthOf(page.runs, generation)
          assert.strictEqual((yield* Effect.flip(store.list({ limit: 50, cursor: page.nextCursor }))).path, path)
          yield* end
        }
        assert.deepStrictEqual(readFileSync(path), before)
      })
    )
  }
})

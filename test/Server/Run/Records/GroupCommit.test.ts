import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit } from "effect"
import { id, run, write } from "../../../../src/Conformance/StoreSuite/Fixtures.js"
import { StoreError } from "../../../../src/Errors/Stores.js"
import * as GroupCommit from "../../../../src/Server/Run/Records/GroupCommit.js"
import type { RunWrite } from "../../../../src/Store/RunStore.js"

type Write = Extract<RunWrite, { readonly _tag: "Run" }>

const refused = new StoreError({ store: "runs", operation: "runs.commit", reason: "query", cause: "no" })
const numberOf = (one: RunWrite) => (one._tag === "Run" ? one.run.index : one._tag === "Message" ? -one.sequence : 0)

/** Until what is scheduled for this turn of the event loop is done. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => setImmediate(() => resume(Effect.void)))
})

const made = (commit: (numbers: ReadonlyArray<number>) => Effect.Effect<void, StoreError>) =>
  Effect.gen(function* () {
    const batches: Array<ReadonlyArray<number>> = []
    const settled: Array<readonly [string, boolean]> = []
    const group = yield* GroupCommit.make({
      commit: (batch) => {
        batches.push(batch.map(numberOf))
        return commit(batch.map(numberOf))
      },
      onSettled: (entry, exit) => settled.push([entry.runId, Exit.isSuccess(exit)])
    })
    /** Offers a run and answers whether it was stored. */
    const store = (n: number) =>
      Effect.async<boolean>((resume) => {
        const entry = group.entry(id(n))
        entry.run = write(run(n)) as Write
        entry.waiters.push((exit) => resume(Effect.succeed(Exit.isSuccess(exit))))
      })
    const all = (...numbers: ReadonlyArray<number>) => Effect.forEach(numbers, store, { concurrency: "unbounded" })
    return { group, batches, settled, store, all }
  })

describe("a group commit", () => {
  it.live("writes in one batch what is offered in one turn, each run before its messages", () =>
    Effect.gen(function* () {
      const { all, batches, group } = yield* made(() => Effect.void)
      group
        .entry(id(1))
        .parts.push(
          { _tag: "Message", runId: id(1), sequence: 1, at: 1, data: null },
          { _tag: "Message", runId: id(1), sequence: 2, at: 1, data: null }
        )
      assert.deepStrictEqual(yield* all(1, 2), [true, true])
      assert.deepStrictEqual(batches, [[1, -1, -2, 2]])
    })
  )

  it.live("gathers the next group while one is written, and is idle when nothing is left", () =>
    Effect.gen(function* () {
      const mayEnd = yield* Deferred.make<void>()
      const { all, batches, group, settled } = yield* made((numbers) =>
        numbers.includes(1) ? Deferred.await(mayEnd) : Effect.void
      )
      const first = yield* Effect.fork(all(1))
      yield* turn
      const others = yield* Effect.fork(Effect.zipRight(all(2, 3), group.idle))
      yield* turn
      assert.deepStrictEqual(batches, [[1]])
      yield* Deferred.succeed(mayEnd, undefined)
      yield* group.idle
      assert.deepStrictEqual(batches, [[1], [2, 3]])
      assert.lengthOf(settled, 3)
      yield* Effect.all([first, others].map((fiber) => fiber.await))
    })
  )

  it.live("tries one by one what could not be written together, so that one takes no other with it", () =>
    Effect.gen(function* () {
      const { all, batches, settled } = yield* made((numbers) =>
        numbers.includes(2) ? Effect.fail(refused) : Effect.void
      )
      assert.deepStrictEqual(yield* all(1, 2, 3), [true, false, true])
      assert.deepStrictEqual(batches, [[1, 2, 3], [1], [2], [3]])
      assert.deepStrictEqual(
        settled.map(([, isStored]) => isStored),
        [true, false, true]
      )
    })
  )

  it.live("goes on after a commit or a waiter that has a bug", () =>
    Effect.gen(function* () {
      const { all, group, store } = yield* made((numbers) => (numbers.includes(1) ? Effect.die("bug") : Effect.void))
      assert.strictEqual(yield* store(1), false)
      group.entry(id(2)).waiters.push(() => {
        throw new Error("bug")
      })
      yield* group.idle
      assert.deepStrictEqual(yield* all(3, 4), [true, true])
    })
  )
})

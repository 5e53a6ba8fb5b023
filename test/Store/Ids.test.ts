import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Ids from "../../src/Store/Ids.js"

describe("Ids", () => {
  it.effect("G30: sort in the order they were made, also within a millisecond, and are UUIDv7", () =>
    Effect.gen(function* () {
      const ids = yield* Ids.Ids
      const made = Array.from({ length: 20_000 }, () => ids.unsafeNext())
      made.push(yield* ids.next)
      assert.deepStrictEqual([...made].sort(), made)
      assert.strictEqual(new Set(made).size, made.length)
      for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }).pipe(Effect.provide(Ids.layer))
  )

  it.effect("sort after the ids of an earlier process whose clock was ahead", () =>
    Effect.gen(function* () {
      const { next, startAfter } = yield* Ids.Ids
      for (const earlier of ["fffffffe-0000-7fff-bfff-ffffffffffff", "00000001-0000-7000-8000-000000000000"]) {
        yield* startAfter(earlier)
        const made = yield* Effect.replicateEffect(next, 1_000)
        assert.deepStrictEqual(["fffffffe-0000-7fff-bfff-ffffffffffff", ...made].sort().slice(1), made)
      }
    }).pipe(Effect.provide(Ids.layer))
  )
})

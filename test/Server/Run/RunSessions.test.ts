import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"
import { RunStore } from "../../../src/Store/RunStore.js"
import { memory, quiet, serving } from "../Harness.js"
import { weather } from "../Pipelines.js"

describe("a state with a time to live", () => {
  it.effect("ends with it, and is removed in the background", () =>
    Effect.gen(function* () {
      const { sessions } = yield* RunStore
      yield* sessions.write({ session: "s", name: "old", text: "1", version: undefined, ttlMillis: 1_000 })
      yield* sessions.write({ session: "s", name: "kept", text: "2", version: undefined, ttlMillis: undefined })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual((yield* sessions.read("s", "old"))._tag, "None")
        assert.deepStrictEqual((yield* sessions.read("s", "kept"))._tag, "Some")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(yield* sessions.expire, 0)
      }).pipe(Effect.provide(serving(weather).pipe(Layer.provide(quiet))))
    }).pipe(Effect.provide(memory()))
  )
})

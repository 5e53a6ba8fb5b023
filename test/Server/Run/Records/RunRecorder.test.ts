import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { id, started } from "../../../../src/Conformance/StoreSuite/Fixtures.js"
import * as RunRecorder from "../../../../src/Server/Run/Records/RunRecorder.js"
import { RunStore } from "../../../../src/Store/RunStore.js"
import { Breaker, fragile } from "../../Harness.js"

describe("what could not be stored", () => {
  it.scoped("is tried again every second, unless it is given up", () =>
    Effect.gen(function* () {
      const { set } = yield* Breaker
      const store = yield* RunStore
      const recorder = yield* RunRecorder.make
      yield* set(() => true)
      for (const n of [1, 2]) assert.isTrue((yield* Effect.exit(recorder.commit(started(n))))._tag === "Failure")
      recorder.forget(id(1))
      yield* set(() => false)
      yield* TestClock.adjust("1 second")
      yield* recorder.flush
      const { runs } = yield* store.list({ limit: 10 })
      assert.deepStrictEqual(
        runs.map((run) => run.id),
        [id(2)]
      )
    }).pipe(Effect.provide(fragile))
  )
})

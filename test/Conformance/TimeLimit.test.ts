import { assert, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { describeLaws } from "../../src/Conformance/TimeLimit.js"

describeLaws("a suite with a limit", { timeLimit: "7 seconds" }, () => {
  layer(Layer.empty)("of its own", (it) => {
    it.effect("gives it to each law", ({ task }) => Effect.sync(() => assert.strictEqual(task.timeout, 7_000)))
  })
})

describeLaws("a suite without a limit", {}, () => {
  it("gives each law two minutes", ({ task }) => assert.strictEqual(task.timeout, 120_000))
})

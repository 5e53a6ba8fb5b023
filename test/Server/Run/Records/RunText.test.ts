import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { run, step } from "../../../../src/Conformance/StoreSuite/Fixtures.js"
import { EncodedJson } from "../../../../src/Internal/EncodedJson.js"
import * as RunText from "../../../../src/Server/Run/Records/RunText.js"

const read = (found: ReturnType<typeof run>) => RunText.read({ find: () => Effect.succeed(found) }, found.id)

describe("the record of a run as text", () => {
  it.effect("has stored texts as they are, without parsing them", () =>
    Effect.gen(function* () {
      const outputs = new EncodedJson('{"spaces": [1.0, 2]}')
      const text = yield* read(run(1, { outputs, steps: [step("a", 5, { outputs })] }))
      assert.strictEqual(text.split(outputs.text).length, 3)
      assert.deepStrictEqual(JSON.parse(text).steps[0].outputs, { spaces: [1, 2] })
    })
  )

  it.effect("is the same for values that are parsed", () =>
    Effect.gen(function* () {
      const error = { _tag: "TooCold", message: 'a "b"' }
      const failed = run(1, {
        status: "failed",
        error,
        waitsFor: [{ signal: "approval" }],
        response: { status: 404, headers: { a: "b" } },
        steps: [step("a", 5, { status: "failed", error })],
        finishedAt: DateTime.unsafeMake(7)
      })
      assert.deepStrictEqual(JSON.parse(yield* read(failed)), JSON.parse(JSON.stringify(failed)))
    })
  )

  it.effect("leaves out steps that are not known", () =>
    Effect.gen(function* () {
      const { steps: _, ...known } = run(1)
      assert.notInclude(yield* read(known), "steps")
    })
  )
})

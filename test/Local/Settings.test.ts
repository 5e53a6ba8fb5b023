import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { LocalSettings } from "../../src/Local/Settings.js"
import * as Fixtures from "./fixtures.js"

const refusal = (input: unknown) =>
  Effect.map(
    Effect.flip(Schema.decodeUnknown(LocalSettings, { onExcessProperty: "error" })(input)),
    ({ message }) => message
  )

describe("LocalSettings", () => {
  it("is complete when nothing is said", () => {
    assert.deepInclude(Fixtures.settings(), {
      address: "127.0.0.1",
      logMaxBytes: 10_485_760,
      logKeep: 3,
      timeoutMillis: 60_000
    })
    assert.isUndefined(Fixtures.settings().port)
  })

  it.effect("refuses what cannot work, naming the field", () =>
    Effect.gen(function* () {
      assert.include(yield* refusal({ port: 0 }), '["port"]')
      assert.include(yield* refusal({ port: 65_536 }), '["port"]')
      assert.include(yield* refusal({ address: "a b; rm" }), "must be an address of this machine")
      assert.include(yield* refusal({ nodeArguments: { maxOldSpaceMb: 1 } }), '["maxOldSpaceMb"]')
      assert.include(yield* refusal({ environment: { NODE_OPTIONS: "--inspect" } }), "NODE_OPTIONS")
    })
  )
})

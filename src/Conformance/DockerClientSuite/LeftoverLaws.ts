/** The law that the suite leaves nothing in the engine. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type It, setting } from "./Fixture.js"

/** Goes last. */
export const laws = (it: It): void => {
  it.effect("has left no container, network or volume behind", () =>
    Effect.gen(function* () {
      const { docker, labels } = yield* setting
      assert.deepStrictEqual(yield* docker.containers.list(labels), [])
      assert.deepStrictEqual(yield* docker.networks.list(labels), [])
      assert.deepStrictEqual(yield* docker.volumes.list(labels), [])
    })
  )
}

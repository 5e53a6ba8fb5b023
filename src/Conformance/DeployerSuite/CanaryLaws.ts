/** Laws of canaries, for flavors that have them. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type It, withDeployment } from "./Case.js"

/** Laws of candidates. */
export const laws = (it: It): void => {
  it.effect("a canary changes nothing until it is promoted, and nothing at all when it is aborted", () =>
    withDeployment("canary", (deployer, fixture) =>
      Effect.gen(function* () {
        const { canaries } = deployer
        if (canaries === undefined) return
        const options = { name: "canary", settings: { serving: { recording: "none" } } } as const
        const made = yield* deployer.provision(fixture.healthy, options)
        const canary = canaries.deploy(fixture.another, { ...options, percent: 50 })
        const during = yield* canary
        assert.deepStrictEqual([during.generation, during.url, during.candidate?.generation], [1, made.url, 2])
        assert.strictEqual((yield* Effect.flip(deployer.provision(fixture.another, options)))._tag, "CanaryActive")
        const aborted = yield* canaries.abort("canary")
        assert.deepStrictEqual([aborted.generation, aborted.url, aborted.candidate], [1, made.url, undefined])
        assert.lengthOf(yield* fixture.instances(made), 1)
        yield* canary
        const promoted = yield* canaries.promote("canary")
        assert.deepStrictEqual([promoted.generation, promoted.snapshot.id], [3, fixture.another.id])
        assert.isTrue(yield* fixture.answers(promoted))
        assert.lengthOf(yield* fixture.instances(made), 1)
      })
    )
  )
}

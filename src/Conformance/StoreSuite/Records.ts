/** Laws of event and secret stores. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import { EventStore } from "../../Store/EventStore.js"
import type { Stores } from "../../Store/Registry.js"
import { SecretStore } from "../../Store/SecretStore.js"
import { id } from "./Fixtures.js"

const event = (deployment: number, at: DateTime.Utc) => ({
  deploymentId: id(deployment),
  deploymentName: `weather-${deployment}`,
  operationId: id(1_000 + deployment),
  operation: "provision" as const,
  type: "healthy" as const,
  at,
  data: { url: "http://127.0.0.1:1", attempts: 2 }
})

const secrets = <E>(layer: Layer.Layer<Stores, E>) => {
  it.effect("a secret is set, replaced, listed by name without its value, and removed", () =>
    Effect.gen(function* () {
      const store = yield* SecretStore
      const createdAt = yield* DateTime.now
      yield* store.set("TOKEN", Redacted.make("one"))
      yield* store.set("API", Redacted.make(""))
      yield* TestClock.adjust("1 minute")
      yield* store.set("TOKEN", Redacted.make("zwei \u{1f511}"))
      const updatedAt = yield* DateTime.now
      assert.deepStrictEqual(Option.map(yield* store.get("TOKEN"), Redacted.value), Option.some("zwei \u{1f511}"))
      assert.deepStrictEqual(Option.map(yield* store.get("API"), Redacted.value), Option.some(""))
      assert.deepStrictEqual(yield* store.list, [
        { name: "API", createdAt, updatedAt: createdAt },
        { name: "TOKEN", createdAt, updatedAt }
      ])
      assert.isTrue(yield* store.remove("TOKEN"))
      assert.isFalse(yield* store.remove("TOKEN"))
      assert.isTrue(Option.isNone(yield* store.get("TOKEN")))
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of event and secret stores. */
export const records = <E>(layer: Layer.Layer<Stores, E>): void => {
  describe("events and secrets", () => {
    it.effect("events get growing numbers and come back in order, after a number, of one deployment, in pages", () =>
      Effect.gen(function* () {
        const store = yield* EventStore
        const at = yield* DateTime.now
        const all = yield* Effect.forEach([1, 2, 1, 1], (deployment) => store.append(event(deployment, at)))
        const [first, second, third, fourth] = all.map(({ sequence }) => sequence)
        assert.deepStrictEqual(yield* store.list(), all)
        assert.deepStrictEqual(
          all.map(({ sequence }) => sequence),
          all.map(({ sequence }) => sequence).sort((a, b) => a - b)
        )
        const numbers = (options: Parameters<typeof store.list>[0]) =>
          Effect.map(store.list(options), (events) => events.map(({ sequence }) => sequence))
        assert.deepStrictEqual(yield* numbers({ after: second }), [third, fourth])
        assert.deepStrictEqual(yield* numbers({ deploymentId: id(1) }), [first, third, fourth])
        assert.deepStrictEqual(yield* numbers({ deploymentId: id(1), after: first, limit: 1 }), [third])
        assert.deepStrictEqual(all[0], { ...event(1, at), sequence: first ?? 0 })
      }).pipe(Effect.provide(layer))
    )

    it.effect("G41: at most 1,000 events come at once", () =>
      Effect.gen(function* () {
        const store = yield* EventStore
        const at = yield* DateTime.now
        yield* Effect.forEach(Array.from({ length: 1_001 }), () => store.append(event(1, at)))
        assert.lengthOf(yield* store.list(), 1_000)
      }).pipe(Effect.provide(layer))
    )

    it.effect("a registry has an id of its own", () =>
      Effect.gen(function* () {
        const { registryId } = yield* DeploymentStore
        assert.isTrue(Schema.is(Schema.UUID)(registryId))
      }).pipe(Effect.provide(layer))
    )

    secrets(layer)
  })
}

/** Laws of a deployment store about leases and fencing. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import type { Stores } from "../../Store/Registry.js"
import { current, holder, id, inserted, running, state, ttl } from "./Fixtures.js"

const rival = "host-b/2"

const fencing = <E>(layer: Layer.Layer<Stores, E>) => {
  it.effect("a write under a lease that was taken over changes nothing", () =>
    Effect.gen(function* () {
      const { id: deployment, lease, name, snapshot, store } = yield* running(1)
      const operation = yield* store.begin(lease, { id: id(9), kind: "deprovision" })
      yield* TestClock.adjust(ttl)
      yield* store.acquire(deployment, { name, holder: rival, ttl })
      const before = [yield* current(name), yield* store.openOperations, yield* store.revisions(deployment)]
      const change = { snapshot, settings: { x: 1 }, state: state("error"), authKey: undefined }
      const provision = { id: id(10), kind: "provision", snapshotId: snapshot.id, settings: {} } as const
      const late = [
        store.begin(lease, provision),
        store.commit(lease, operation, change),
        store.finish(lease, operation),
        store.abort(lease, operation, "too late"),
        store.stopped(lease, operation),
        store.setAuthKey(lease, undefined),
        store.setIntake(lease, undefined),
        store.renew(lease, ttl),
        store.remove(lease)
      ]
      for (const write of late) {
        assert.strictEqual((yield* Effect.flip(Effect.asVoid(write)))._tag, "LeaseLost")
      }
      assert.deepStrictEqual(
        [yield* current(name), yield* store.openOperations, yield* store.revisions(deployment)],
        before
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("a lease that was given back, or re-acquired by its own holder, is lost", () =>
    Effect.gen(function* () {
      const { id, name, store } = yield* inserted(1)
      const first = yield* store.acquire(id, { name, holder, ttl })
      yield* store.release(first)
      assert.strictEqual((yield* Effect.flip(store.renew(first, ttl)))._tag, "LeaseLost")
      const second = yield* store.acquire(id, { name, holder, ttl })
      const third = yield* store.acquire(id, { name, holder, ttl })
      assert.strictEqual((yield* Effect.flip(store.setAuthKey(second, undefined)))._tag, "LeaseLost")
      yield* store.setAuthKey(third, undefined)
      assert.isAbove(second.token, first.token)
      assert.isAbove(third.token, second.token)
    }).pipe(Effect.provide(layer))
  )

  it.effect("releasing a lost lease does nothing", () =>
    Effect.gen(function* () {
      const { id, name, store } = yield* inserted(1)
      const first = yield* store.acquire(id, { name, holder, ttl })
      yield* TestClock.adjust(ttl)
      const second = yield* store.acquire(id, { name, holder: rival, ttl })
      yield* store.release(first)
      yield* store.renew(second, ttl)
      const busy = yield* Effect.flip(store.acquire(id, { name, holder, ttl }))
      assert.strictEqual(busy._tag, "DeploymentBusy")
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of a deployment store about leases and fencing. */
export const leases = <E>(layer: Layer.Layer<Stores, E>): void => {
  describe("leases", () => {
    it.effect("of many concurrent callers, one acquires the lease", () =>
      Effect.gen(function* () {
        const { id, name, store } = yield* inserted(1)
        const attempts = Array.from({ length: 30 }, (_, n) =>
          Effect.either(store.acquire(id, { name, holder: `host/${n}`, ttl }))
        )
        const results = yield* Effect.all(attempts, { concurrency: "unbounded" })
        const refused = results.flatMap((result) => (result._tag === "Left" ? [result.left._tag] : []))
        assert.deepStrictEqual(
          refused,
          Array.from({ length: 29 }, () => "DeploymentBusy")
        )
      }).pipe(Effect.provide(layer))
    )

    it.effect("it is busy until the lease expires, to the millisecond; then it is taken over", () =>
      Effect.gen(function* () {
        const { id, name, store } = yield* inserted(1)
        const first = yield* store.acquire(id, { name, holder, ttl: "10 seconds" })
        const expiresAt = DateTime.add(yield* DateTime.now, { seconds: 10 })
        yield* TestClock.adjust("9999 millis")
        const busy = yield* Effect.flip(store.acquire(id, { name, holder: rival, ttl }))
        assert.deepInclude({ ...busy }, { _tag: "DeploymentBusy", name, holder, expiresAt })
        yield* TestClock.adjust("1 millis")
        const second = yield* store.acquire(id, { name, holder: rival, ttl })
        assert.isAbove(second.token, first.token)
      }).pipe(Effect.provide(layer))
    )

    it.effect("renewing extends the lease", () =>
      Effect.gen(function* () {
        const { id, name, store } = yield* inserted(1)
        const lease = yield* store.acquire(id, { name, holder, ttl: "10 seconds" })
        yield* TestClock.adjust("9 seconds")
        yield* store.renew(lease, "10 seconds")
        yield* TestClock.adjust("9 seconds")
        const busy = yield* Effect.flip(store.acquire(id, { name, holder: rival, ttl }))
        assert.strictEqual(busy._tag, "DeploymentBusy")
      }).pipe(Effect.provide(layer))
    )

    it.effect("leases of different deployments are independent", () =>
      Effect.gen(function* () {
        const one = yield* inserted(1)
        const two = yield* inserted(2)
        const lease = yield* one.store.acquire(one.id, { name: one.name, holder, ttl })
        yield* two.store.acquire(two.id, { name: two.name, holder: rival, ttl })
        yield* one.store.renew(lease, ttl)
        const stolen = yield* Effect.flip(one.store.setAuthKey({ ...lease, deploymentId: two.id }, undefined))
        assert.strictEqual(stolen._tag, "LeaseLost")
      }).pipe(Effect.provide(layer))
    )

    fencing(layer)
  })
}

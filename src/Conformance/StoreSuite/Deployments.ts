/** Laws of a deployment store about its rows and about observations. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Intake from "../../Deployment/Intake.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import type { Stores } from "../../Store/Registry.js"
import { current, id, inserted, running, state } from "./Fixtures.js"

const observing = <E>(layer: Layer.Layer<Stores, E>) => {
  it.effect("an observation of the current generation is written; the same again changes nothing", () =>
    Effect.gen(function* () {
      const { id, store } = yield* running(1)
      yield* TestClock.adjust("1 minute")
      const gone = state("error", { reason: "exited with code 1", metadata: { pid: 7 } })
      const first = Option.getOrThrow(yield* store.observe(id, 1, gone))
      assert.strictEqual(first.deployment.status, "error")
      assert.strictEqual(first.deployment.reason, "exited with code 1")
      assert.isUndefined(first.deployment.url)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* store.observe(id, 1, gone), Option.some(first))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a deployment that cannot be observed keeps its last known state with its time", () =>
    Effect.gen(function* () {
      const { id, record, store } = yield* running(1)
      yield* TestClock.adjust("1 minute")
      const since = yield* DateTime.now
      const blind = Option.getOrThrow(yield* store.observe(id, 1, "unobservable"))
      assert.deepStrictEqual(blind.deployment.unknownSince, since)
      assert.strictEqual(blind.deployment.status, "running")
      assert.strictEqual(blind.deployment.url, record.deployment.url)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* store.observe(id, 1, "unobservable"), Option.some(blind))
      const seen = Option.getOrThrow(yield* store.observe(id, 1, state("running", { url: "http://127.0.0.1:1" })))
      assert.isUndefined(seen.deployment.unknownSince)
    }).pipe(Effect.provide(layer))
  )

  it.effect("an observation of another generation, or during an operation, changes nothing", () =>
    Effect.gen(function* () {
      const { id: deployment, lease, record, store } = yield* running(1)
      for (const generation of [0, 2]) {
        assert.deepStrictEqual(yield* store.observe(deployment, generation, state("absent")), Option.some(record))
      }
      yield* store.begin(lease, { id: id(9), kind: "deprovision" })
      assert.deepStrictEqual(yield* store.observe(deployment, 1, state("absent")), Option.some(record))
      assert.deepStrictEqual(yield* store.observe(deployment, 1, "unobservable"), Option.some(record))
    }).pipe(Effect.provide(layer))
  )

  it.effect("an observation from before the stop does not turn a stopped deployment into an error", () =>
    Effect.gen(function* () {
      const { id: deployment, lease, store } = yield* running(1)
      const operation = yield* store.begin(lease, { id: id(9), kind: "deprovision" })
      const stopped = yield* store.stopped(lease, operation)
      assert.deepStrictEqual(yield* store.observe(deployment, 1, state("error")), Option.some(stopped))
      const basis = { desired: "running" } as const
      assert.deepStrictEqual(yield* store.observe(deployment, 1, state("running"), basis), Option.some(stopped))
    }).pipe(Effect.provide(layer))
  )

  it.effect("an observation of a deleted deployment returns none", () =>
    Effect.gen(function* () {
      const { id, lease, store } = yield* running(1)
      yield* store.remove(lease)
      assert.isTrue(Option.isNone(yield* store.observe(id, 1, state("running"))))
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of a deployment store about its rows and about observations. */
export const deployments = <E>(layer: Layer.Layer<Stores, E>): void => {
  describe("deployments", () => {
    it.effect("a new one is pending at generation 0 and found by name and id", () =>
      Effect.gen(function* () {
        const { id, name, record, snapshot, store } = yield* inserted(1)
        assert.strictEqual(record.deployment.status, "pending")
        assert.strictEqual(record.deployment.generation, 0)
        assert.deepStrictEqual(record.deployment.snapshot, snapshot)
        assert.deepStrictEqual(yield* store.find(name), Option.some(record))
        assert.deepStrictEqual(yield* store.find(id), Option.some(record))
        assert.isTrue(Option.isNone(yield* store.find("nobody")))
      }).pipe(Effect.provide(layer))
    )

    it.effect("of many concurrent inserts of one name, one succeeds", () =>
      Effect.gen(function* () {
        const attempts = Array.from({ length: 10 }, (_, n) => Effect.either(inserted(n, "weather")))
        const results = yield* Effect.all(attempts, { concurrency: "unbounded" })
        const refused = results.flatMap((result) => (result._tag === "Left" ? [result.left._tag] : []))
        assert.deepStrictEqual(
          refused,
          Array.from({ length: 9 }, () => "DeploymentAlreadyExists")
        )
      }).pipe(Effect.provide(layer))
    )

    it.effect("listed by name, in pages, by status", () =>
      Effect.gen(function* () {
        yield* Effect.forEach(["c", "a", "b"], (name, n) => inserted(n + 10, name))
        yield* running(1)
        const store = yield* DeploymentStore
        const names = (options?: Parameters<typeof store.list>[0]) =>
          Effect.map(store.list(options), (records) => records.map((record) => record.deployment.name))
        assert.deepStrictEqual<ReadonlyArray<string>>(yield* names(), ["a", "b", "c", "weather-1"])
        assert.deepStrictEqual<ReadonlyArray<string>>(yield* names({ limit: 2 }), ["a", "b"])
        assert.deepStrictEqual<ReadonlyArray<string>>(yield* names({ limit: 2, after: "b" }), ["c", "weather-1"])
        assert.deepStrictEqual<ReadonlyArray<string>>(yield* names({ status: "running" }), ["weather-1"])
      }).pipe(Effect.provide(layer))
    )

    it.effect("keys are replaced and removed under a lease, and stay when a generation is accepted without them", () =>
      Effect.gen(function* () {
        const { lease, record, store } = yield* running(1)
        const authKey = { digest: "e".repeat(64), sealed: "v1.other" }
        const authKeys = [
          { ...authKey, id: "key-1", scopes: ["admin"], origin: "generated", createdAt: 1 },
          { ...authKey, id: "key-2", scopes: ["read"], origin: "given", createdAt: 2, expiresAt: 3, isRetiring: true }
        ] as const
        const replaced = yield* store.setAuthKey(lease, authKey, authKeys)
        assert.deepStrictEqual(replaced.authKey, authKey)
        assert.deepStrictEqual(replaced.authKeys, authKeys)
        assert.isTrue(replaced.deployment.authEnabled)
        const open = { snapshot: record.deployment.snapshot, settings: {}, authKey: undefined }
        const operation = yield* store.begin(lease, {
          id: id(8),
          kind: "provision",
          snapshotId: open.snapshot.id,
          settings: {}
        })
        const dormant = yield* store.commit(lease, operation, { ...open, state: state("running") })
        yield* store.finish(lease, operation)
        assert.deepStrictEqual([dormant.authKey, dormant.authKeys], [undefined, authKeys])
        const removed = yield* store.setAuthKey(lease, undefined, [])
        assert.deepStrictEqual([removed.authKey, removed.authKeys], [undefined, []])
        assert.isFalse(removed.deployment.authEnabled)
        assert.strictEqual(removed.deployment.generation, dormant.deployment.generation)
      }).pipe(Effect.provide(layer))
    )

    it.effect("the intake changes under a lease, stays when a generation is accepted, and a pause ends by itself", () =>
      Effect.gen(function* () {
        const { lease, name, record, store } = yield* running(1)
        const since = yield* DateTime.now
        const paused = Intake.Paused.make({ since, until: DateTime.add(since, { seconds: 30 }) })
        const closed = Intake.Maintenance.make({ since, message: 'Back at 14:00, "perhaps".', retryAfterSeconds: 60 })
        assert.deepStrictEqual((yield* store.setIntake(lease, paused)).deployment.intake, paused)
        yield* TestClock.adjust("30 seconds")
        assert.isUndefined((yield* current(name)).deployment.intake)
        yield* store.setIntake(lease, closed)
        const operation = yield* store.begin(lease, {
          id: id(8),
          kind: "provision",
          snapshotId: record.deployment.snapshot.id,
          settings: {}
        })
        const change = { snapshot: record.deployment.snapshot, settings: {}, authKey: undefined }
        const next = yield* store.commit(lease, operation, { ...change, state: state("running") })
        assert.deepStrictEqual(next.deployment.intake, closed)
        assert.isUndefined((yield* store.setIntake(lease, undefined)).deployment.intake)
      }).pipe(Effect.provide(layer))
    )

    it.effect("removing a deployment removes its revisions, operations and lease", () =>
      Effect.gen(function* () {
        const { id: deployment, lease, name, store } = yield* running(1)
        yield* store.begin(lease, { id: id(9), kind: "delete" })
        yield* store.remove(lease)
        assert.isTrue(Option.isNone(yield* store.find(name)))
        assert.lengthOf(yield* store.revisions(deployment), 0)
        assert.lengthOf(yield* store.openOperations, 0)
        const late = yield* Effect.flip(store.setAuthKey(lease, undefined))
        assert.strictEqual(late._tag, "LeaseLost")
        const { record } = yield* inserted(2, name)
        assert.deepStrictEqual(yield* current(name), record)
      }).pipe(Effect.provide(layer))
    )

    observing(layer)
  })
}

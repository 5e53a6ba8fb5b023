/** Laws of a deployment store about operations and revisions. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import type { Stores } from "../../Store/Registry.js"
import { current, holder, id, inserted, running, state, ttl } from "./Fixtures.js"

const closing = <E>(layer: Layer.Layer<Stores, E>) => {
  it.effect("an aborted provision leaves the deployment byte-equal and its number is not used again", () =>
    Effect.gen(function* () {
      const { id: deployment, lease, name, record, snapshot, store } = yield* running(1)
      yield* TestClock.adjust("1 minute")
      const intent = { kind: "provision", snapshotId: snapshot.id, settings: { x: 1 } } as const
      const second = yield* store.begin(lease, { ...intent, id: id(9) })
      assert.deepStrictEqual(yield* current(name), record)
      assert.deepStrictEqual(yield* store.abort(lease, second, "never healthy"), record)
      const third = yield* store.begin(lease, { ...intent, id: id(10) })
      assert.deepStrictEqual([second.generation, third.generation], [2, 3])
      const revisions = yield* store.revisions(deployment)
      assert.deepStrictEqual(
        revisions.map(({ generation, outcome, reason }) => ({ generation, outcome, reason })),
        [
          { generation: 3, outcome: "pending", reason: undefined },
          { generation: 2, outcome: "failed", reason: "never healthy" },
          { generation: 1, outcome: "accepted", reason: undefined }
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("an aborted first provision shows as an error with its reason", () =>
    Effect.gen(function* () {
      const { id: deployment, name, snapshot, store } = yield* inserted(1)
      const lease = yield* store.acquire(deployment, { name, holder, ttl })
      const intent = { id: id(9), kind: "provision", snapshotId: snapshot.id, settings: {} } as const
      const operation = yield* store.begin(lease, intent)
      const { deployment: after } = yield* store.abort(lease, operation, "never healthy")
      assert.deepInclude({ ...after }, { status: "error", reason: "never healthy", generation: 0 })
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "a deployment that was stopped before its first accepted generation stays stopped when stopping it again fails",
    () =>
      Effect.gen(function* () {
        const { id: deployment, name, snapshot, store } = yield* inserted(1)
        const lease = yield* store.acquire(deployment, { name, holder, ttl })
        const first = yield* store.begin(lease, { id: id(9), kind: "deprovision" })
        const stopped = yield* store.stopped(lease, first)
        const again = yield* store.begin(lease, { id: id(10), kind: "deprovision" })
        assert.deepStrictEqual(yield* store.abort(lease, again, "it could not be taken down"), stopped)
        const intent = { id: id(11), kind: "provision", snapshotId: snapshot.id, settings: {} } as const
        const wanted = yield* store.begin(lease, intent)
        const { deployment: after } = yield* store.abort(lease, wanted, "never healthy")
        assert.deepInclude({ ...after }, { status: "error", desired: "running", reason: "never healthy" })
      }).pipe(Effect.provide(layer))
  )

  it.effect("a candidate is offered beside the accepted generation, and is withdrawn, accepted or stopped", () =>
    Effect.gen(function* () {
      const { id: deployment, lease, name, record, snapshot, store } = yield* running(1)
      const { id: snapshotId, pipelineName, version } = snapshot
      const offer = (number: number) =>
        Effect.gen(function* () {
          const intent = { id: id(number), kind: "canary", snapshotId, settings: { x: 1 } } as const
          const operation = yield* store.begin(lease, intent)
          const offered = yield* store.offer(lease, operation, {
            generation: operation.generation,
            snapshot: { id: snapshotId, pipelineName, version },
            share: { parts: 1, of: 10, unit: "pods" },
            metadata: {},
            checks: false,
            since: record.deployment.createdAt
          })
          yield* store.finish(lease, operation)
          return offered.deployment
        })
      const offered = yield* offer(9)
      assert.deepStrictEqual([offered.generation, offered.candidate?.generation], [1, 2])
      const aborting = yield* store.begin(lease, { id: id(10), kind: "abort" })
      assert.strictEqual(aborting.generation, 2)
      yield* store.withdraw(lease, aborting, "too slow")
      assert.deepStrictEqual((yield* current(name)).deployment.candidate, undefined)
      yield* offer(11)
      const given = yield* store.begin(lease, { id: id(12), kind: "promote" })
      yield* store.abort(lease, given, "no room")
      assert.strictEqual((yield* current(name)).deployment.candidate?.generation, 3)
      const promoting = yield* store.begin(lease, { id: id(13), kind: "promote" })
      const change = {
        snapshot: record.deployment.snapshot,
        settings: { x: 1 },
        state: state("running"),
        authKey: undefined
      }
      const { deployment: promoted } = yield* store.commit(lease, promoting, change)
      assert.deepStrictEqual([promoted.generation, promoted.candidate], [3, undefined])
      yield* store.finish(lease, promoting)
      yield* offer(14)
      const stopped = yield* store.stopped(lease, yield* store.begin(lease, { id: id(15), kind: "deprovision" }))
      assert.isUndefined(stopped.deployment.candidate)
      const revisions = yield* store.revisions(deployment)
      assert.deepStrictEqual(
        revisions.map(({ generation, outcome }) => [generation, outcome]),
        [
          [4, "failed"],
          [3, "accepted"],
          [2, "failed"],
          [1, "accepted"]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("stopping keeps generation, settings, key and metadata", () =>
    Effect.gen(function* () {
      const { lease, record, store } = yield* running(1)
      const operation = yield* store.begin(lease, { id: id(9), kind: "deprovision" })
      assert.strictEqual(operation.generation, 1)
      const stopped = yield* store.stopped(lease, operation)
      assert.deepInclude({ ...stopped.deployment }, { status: "absent", desired: "stopped", generation: 1 })
      assert.isUndefined(stopped.deployment.url)
      assert.deepStrictEqual(stopped.deployment.metadata, record.deployment.metadata)
      assert.deepStrictEqual([stopped.settings, stopped.authKey], [record.settings, record.authKey])
      assert.lengthOf(yield* store.openOperations, 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("an operation is closed once: closing it again is refused and changes nothing", () =>
    Effect.gen(function* () {
      const { lease, name, operation, record, snapshot, store } = yield* running(1)
      const change = { snapshot, settings: { x: 1 }, state: state("error"), authKey: undefined }
      for (const again of [
        store.commit(lease, operation, change),
        store.finish(lease, operation),
        store.abort(lease, operation, "again"),
        store.stopped(lease, operation)
      ]) {
        assert.strictEqual((yield* Effect.flip(again))._tag, "LeaseLost")
      }
      assert.deepStrictEqual(yield* current(name), record)
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of a deployment store about operations and revisions. */
export const operations = <E>(layer: Layer.Layer<Stores, E>): void => {
  describe("operations", () => {
    it.effect("a provision is recorded before it is accepted, and accepted as a whole", () =>
      Effect.gen(function* () {
        const { id: deployment, name, record, snapshot, store } = yield* inserted(1)
        const lease = yield* store.acquire(deployment, { name, holder, ttl })
        const settings = { environment: { A: "1" } }
        const intent = { id: id(9), kind: "provision", snapshotId: snapshot.id, settings } as const
        const operation = yield* store.begin(lease, intent)
        assert.deepStrictEqual(yield* current(name), record)
        assert.deepStrictEqual(yield* store.openOperations, [operation])
        assert.strictEqual((yield* store.revisions(deployment))[0]?.outcome, "pending")
        yield* TestClock.adjust("1 second")
        const observed = state("running", { url: "http://127.0.0.1:1", metadata: { pid: 7, nested: [null, 1.5] } })
        const authKey = { digest: "d".repeat(64), sealed: "v1.sealed" }
        const accepted = yield* store.commit(lease, operation, { snapshot, settings, state: observed, authKey })
        assert.deepInclude(
          { ...accepted.deployment },
          { status: "running", url: observed.url, generation: 1, desired: "running", authEnabled: true }
        )
        assert.deepStrictEqual(accepted.deployment.metadata, observed.metadata)
        assert.deepStrictEqual([accepted.settings, accepted.authKey], [settings, authKey])
        assert.deepStrictEqual(yield* current(name), accepted)
        assert.strictEqual((yield* store.revisions(deployment))[0]?.outcome, "accepted")
        assert.deepStrictEqual(yield* store.openOperations, [operation])
        const change = { snapshot, settings: {}, state: state("error"), authKey: undefined }
        assert.strictEqual((yield* Effect.flip(store.commit(lease, operation, change)))._tag, "LeaseLost")
        yield* store.finish(lease, operation)
        assert.lengthOf(yield* store.openOperations, 0)
        assert.deepStrictEqual(yield* current(name), accepted)
      }).pipe(Effect.provide(layer))
    )

    it.effect("an operation left open is closed as abandoned by the next, its revision as failed", () =>
      Effect.gen(function* () {
        const { id: deployment, lease, name, snapshot, store } = yield* running(1)
        const intent = { kind: "provision", snapshotId: snapshot.id, settings: {} } as const
        const left = yield* store.begin(lease, { ...intent, id: id(9) })
        yield* TestClock.adjust(ttl)
        const taken = yield* store.acquire(deployment, { name, holder: "host-b/2", ttl })
        assert.deepStrictEqual(yield* store.openOperations, [left])
        const next = yield* store.begin(taken, { ...intent, id: id(10) })
        assert.deepStrictEqual(yield* store.openOperations, [next])
        const [pending, failed] = yield* store.revisions(deployment)
        assert.deepStrictEqual([pending?.outcome, failed?.outcome], ["pending", "failed"])
        assert.include(failed?.reason, "abandoned")
        assert.isDefined(failed?.settledAt)
      }).pipe(Effect.provide(layer))
    )

    it.effect("open operations come oldest first", () =>
      Effect.gen(function* () {
        const one = yield* running(1)
        const two = yield* running(2)
        const late = yield* two.store.begin(two.lease, { id: id(20), kind: "delete" })
        const later = yield* one.store.begin(one.lease, { id: id(10), kind: "deprovision" })
        assert.deepStrictEqual(yield* one.store.openOperations, [late, later])
      }).pipe(Effect.provide(layer))
    )

    closing(layer)
  })
}

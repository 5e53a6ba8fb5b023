/** Laws of a deployment store about deleted deployments, and about adding lost ones again. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { Snapshot } from "../../Snapshot/Model.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import { EventStore } from "../../Store/EventStore.js"
import type { Stores } from "../../Store/Registry.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"
import { current, deploymentId, draft, holder, id, inserted, named, running, state, ttl } from "./Fixtures.js"

const recovered = (n: number, name: string, snapshot: Snapshot) => ({
  id: deploymentId(n),
  name: named(name),
  deployer: { flavor: "local", name: "default" },
  snapshot: { id: snapshot.id, pipelineName: snapshot.pipelineName, version: snapshot.version },
  generation: 4,
  refused: [3, 5],
  settings: { timeoutMillis: 1 },
  authKey: { digest: "d".repeat(64), sealed: "v1.sealed" },
  state: state("unknown"),
  by: "ada@host-a"
})

const stored = Effect.flatMap(SnapshotStore, (store) => store.put(draft("weather")))

const restoring = <E>(layer: Layer.Layer<Stores, E>) => {
  it.effect("a restore works on the accepted generation, makes no revision, and writes how it ended", () =>
    Effect.gen(function* () {
      const { id: deployment, lease, name, store } = yield* running(1)
      const operation = yield* store.begin(lease, { id: id(9), kind: "restore" })
      assert.strictEqual(operation.generation, 1)
      const broken = yield* store.restored(lease, operation, state("error", { reason: "it ended" }))
      assert.deepInclude({ ...broken.deployment }, { status: "error", reason: "it ended", generation: 1 })
      assert.deepStrictEqual(yield* current(name), broken)
      assert.deepStrictEqual(yield* store.openOperations, [])
      assert.lengthOf(yield* store.revisions(deployment), 1)
      assert.strictEqual((yield* Effect.flip(store.restored(lease, operation, state("running"))))._tag, "LeaseLost")
    }).pipe(Effect.provide(layer))
  )

  it.effect("restores are counted from a time on, of one deployment, oldest first", () =>
    Effect.gen(function* () {
      const { id: deployment, lease, store } = yield* running(1)
      const other = yield* running(2)
      yield* TestClock.adjust("1 minute")
      const times = yield* Effect.forEach([10, 11], (number) =>
        Effect.gen(function* () {
          const operation = yield* store.begin(lease, { id: id(number), kind: "restore" })
          yield* store.restored(lease, operation, state("running"))
          yield* TestClock.adjust("1 second")
          return operation.startedAt
        })
      )
      yield* store.begin(other.lease, { id: id(20), kind: "restore" })
      const [first] = times
      assert.deepStrictEqual(yield* store.restores(deployment, DateTime.unsafeMake(0)), times)
      const after = DateTime.add(first ?? DateTime.unsafeMake(0), { millis: 1 })
      assert.lengthOf(yield* store.restores(deployment, after), 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("an observation with the same status keeps the time since which the status holds", () =>
    Effect.gen(function* () {
      const { id: deployment, name, store } = yield* running(1)
      const since = (yield* current(name)).statusSince
      yield* TestClock.adjust("1 minute")
      yield* store.observe(deployment, 1, state("running", { url: "http://127.0.0.1:2" }))
      assert.deepStrictEqual((yield* current(name)).statusSince, since)
      yield* store.observe(deployment, 1, state("pending"))
      assert.deepStrictEqual((yield* current(name)).statusSince, yield* DateTime.now)
    }).pipe(Effect.provide(layer))
  )
}

const recovering = <E>(layer: Layer.Layer<Stores, E>) => {
  it.effect("a lost deployment is added again as it was, and none of its generation numbers is used again", () =>
    Effect.gen(function* () {
      const store = yield* DeploymentStore
      const forgotten = recovered(1, "weather", yield* stored)
      const record = yield* store.recover(forgotten)
      assert.deepInclude({ ...record.deployment }, { generation: 4, status: "unknown", desired: "running" })
      assert.deepStrictEqual([record.settings, record.authKey], [forgotten.settings, forgotten.authKey])
      const outcomes = (yield* store.revisions(record.deployment.id)).map(({ generation, outcome }) => [
        generation,
        outcome
      ])
      assert.deepStrictEqual(outcomes, [
        [5, "failed"],
        [4, "accepted"],
        [3, "failed"]
      ])
      const lease = yield* store.acquire(record.deployment.id, { name: "weather", holder, ttl })
      const intent = { id: id(9), kind: "provision", snapshotId: forgotten.snapshot.id, settings: {} } as const
      assert.strictEqual((yield* store.begin(lease, intent)).generation, 6)
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "adding a lost deployment changes neither a known one of an equal generation nor another one of its name",
    () =>
      Effect.gen(function* () {
        const store = yield* DeploymentStore
        const forgotten = recovered(1, "weather", yield* stored)
        const record = yield* store.recover(forgotten)
        assert.deepStrictEqual(yield* store.recover({ ...forgotten, generation: 2, settings: {} }), record)
        const namesake = yield* Effect.flip(store.recover({ ...forgotten, id: deploymentId(2) }))
        assert.strictEqual(namesake._tag, "DeploymentAlreadyExists")
      }).pipe(Effect.provide(layer))
  )

  it.effect("only a registry without deployments takes another one's id", () =>
    Effect.gen(function* () {
      const store = yield* DeploymentStore
      assert.isTrue(yield* store.takeIdentity(id(77)))
      assert.strictEqual(yield* store.identity, id(77))
      yield* inserted(1)
      assert.isFalse(yield* store.takeIdentity(id(78)))
      assert.strictEqual(yield* store.identity, id(77))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a lost snapshot is added again with its id, once, and the next version follows it", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore
      const lost = new Snapshot({
        ...draft("weather", "e".repeat(64)),
        id: id(50),
        version: 7,
        createdAt: yield* DateTime.now
      })
      assert.deepStrictEqual(yield* store.recover(lost), lost)
      assert.deepStrictEqual(yield* store.recover(lost), lost)
      assert.deepStrictEqual(yield* store.find("weather@7"), Option.some(lost))
      assert.strictEqual((yield* store.put(draft("weather"))).version, 8)
      const taken = new Snapshot({
        ...draft("weather", "f".repeat(64)),
        id: id(51),
        version: 7,
        createdAt: yield* DateTime.now
      })
      assert.strictEqual((yield* store.recover(taken)).version, 9)
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of a deployment store about deleted and lost deployments. */
export const memory = <E>(layer: Layer.Layer<Stores, E>): void => {
  describe("memory", () => {
    it.effect("a deleted deployment leaves a tombstone with the highest generation that was begun", () =>
      Effect.gen(function* () {
        const { id: deployment, lease, name, snapshot, store } = yield* running(1)
        yield* store.begin(lease, { id: id(9), kind: "provision", snapshotId: snapshot.id, settings: {} })
        yield* store.remove(lease)
        assert.deepStrictEqual(yield* store.tombstones, [
          {
            deploymentId: deployment,
            name: named(name),
            deployer: { flavor: "local", name: "default" },
            generation: 2,
            deletedAt: yield* DateTime.now
          }
        ])
        yield* store.recover(recovered(1, name, yield* stored))
        assert.deepStrictEqual(yield* store.tombstones, [])
      }).pipe(Effect.provide(layer))
    )

    it.effect("leases are listed until they expire", () =>
      Effect.gen(function* () {
        const { id: deployment, lease, store } = yield* running(1)
        assert.deepStrictEqual(yield* store.leases, [{ deploymentId: deployment, holder: lease.holder }])
        yield* TestClock.adjust(ttl)
        assert.deepStrictEqual(yield* store.leases, [])
      }).pipe(Effect.provide(layer))
    )

    it.effect("a clock that goes back does not change the order of events, operations or revisions", () =>
      Effect.gen(function* () {
        const events = yield* EventStore
        const one = yield* running(1)
        const two = yield* running(2)
        yield* TestClock.adjust("1 hour")
        const first = yield* two.store.begin(two.lease, { id: id(20), kind: "delete" })
        const event = {
          deploymentName: "a",
          operationId: id(3),
          operation: "refresh",
          type: "healthy",
          data: {}
        } as const
        const earlier = yield* events.append({ ...event, deploymentId: id(1), at: yield* DateTime.now })
        yield* TestClock.setTime(0)
        const second = yield* one.store.begin(one.lease, { id: id(10), kind: "deprovision" })
        const later = yield* events.append({ ...event, deploymentId: id(1), at: yield* DateTime.now })
        assert.deepStrictEqual(yield* one.store.openOperations, [first, second])
        assert.deepStrictEqual(yield* events.list({ deploymentId: id(1) }), [earlier, later])
      }).pipe(Effect.provide(layer))
    )

    restoring(layer)
    recovering(layer)
  })
}

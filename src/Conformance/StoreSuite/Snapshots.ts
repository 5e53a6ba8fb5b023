/** Laws of snapshot and build stores. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { BuildStore } from "../../Store/BuildStore.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import type { Stores } from "../../Store/Registry.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"
import { draft, holder, id, inserted, running, state, ttl } from "./Fixtures.js"

const references = <E>(layer: Layer.Layer<Stores, E>) => {
  it.effect("a snapshot a deployment uses is not removed", () =>
    Effect.gen(function* () {
      const { snapshot } = yield* inserted(1)
      const store = yield* SnapshotStore
      assert.isFalse(yield* store.remove(snapshot.id))
      assert.isTrue(Option.isSome(yield* store.find(snapshot.id)))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a snapshot only an older revision uses is not removed, and is once the deployment is gone", () =>
    Effect.gen(function* () {
      const { lease, snapshot: old } = yield* running(1)
      const snapshots = yield* SnapshotStore
      const deployments = yield* DeploymentStore
      const next = yield* snapshots.put(draft("weather", "b".repeat(64)))
      const operation = yield* deployments.begin(lease, {
        id: id(50),
        kind: "provision",
        snapshotId: next.id,
        settings: {}
      })
      const snapshot = { id: next.id, pipelineName: next.pipelineName, version: next.version }
      yield* deployments.commit(lease, operation, {
        snapshot,
        settings: {},
        state: state("running"),
        authKey: undefined
      })
      assert.isFalse(yield* snapshots.remove(old.id))
      const again = yield* deployments.acquire(lease.deploymentId, { name: "weather-1", holder, ttl })
      yield* deployments.remove(again)
      assert.isTrue(yield* snapshots.remove(old.id))
      assert.isTrue(yield* snapshots.remove(next.id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a build is found by snapshot and checksum, replaced, and goes with its snapshot", () =>
    Effect.gen(function* () {
      const snapshots = yield* SnapshotStore
      const builds = yield* BuildStore
      const { id: snapshotId } = yield* snapshots.put(draft("weather"))
      const first = yield* builds.put({ snapshotId, checksum: "c1", image: "weather:1" })
      assert.deepStrictEqual(yield* builds.find(snapshotId, "c1"), Option.some(first))
      const second = yield* builds.put({ snapshotId, checksum: "c1", image: "weather:2" })
      assert.deepStrictEqual(yield* builds.find(snapshotId, "c1"), Option.some(second))
      assert.isTrue(Option.isNone(yield* builds.find(snapshotId, "c2")))
      assert.deepStrictEqual(yield* builds.list(snapshotId), [second])
      yield* snapshots.remove(snapshotId)
      assert.isTrue(Option.isNone(yield* builds.find(snapshotId, "c1")))
    }).pipe(Effect.provide(layer))
  )
}

/** Laws of snapshot and build stores. */
export const snapshots = <E>(layer: Layer.Layer<Stores, E>): void => {
  describe("snapshots", () => {
    it.effect("versions count from 1 for each pipeline; equal content is stored once, also from another source", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        const first = yield* store.put(draft("weather"))
        const second = yield* store.put(draft("weather", "b".repeat(64)))
        const other = yield* store.put(draft("other"))
        assert.deepStrictEqual([first.label, second.label, other.label], ["weather@1", "weather@2", "other@1"])
        const moved = { ...draft("weather"), source: { file: "/elsewhere.ts", export: "weather" } }
        const reordered = { ...draft("weather"), settings: { environment: { B: "2", A: "1" } } }
        assert.deepStrictEqual(yield* store.put(moved), first)
        assert.deepStrictEqual(yield* store.put(reordered), first)
        assert.deepStrictEqual({ ...first }, { ...draft("weather"), ...pick(first) })
      }).pipe(Effect.provide(layer))
    )

    it.effect("many puts of the same content at once give one snapshot", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        const all = yield* Effect.all(
          Array.from({ length: 20 }, () => store.put(draft("weather"))),
          {
            concurrency: "unbounded"
          }
        )
        assert.strictEqual(new Set(all.map((snapshot) => snapshot.id)).size, 1)
        assert.lengthOf(yield* store.list(), 1)
      }).pipe(Effect.provide(layer))
    )

    it.effect("found by id, by name@version, and by name (the newest)", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        const first = yield* store.put(draft("weather"))
        const second = yield* store.put(draft("weather", "b".repeat(64)))
        assert.deepStrictEqual(yield* store.find(first.id), Option.some(first))
        assert.deepStrictEqual(yield* store.find("weather@1"), Option.some(first))
        assert.deepStrictEqual(yield* store.find("weather"), Option.some(second))
        for (const ref of ["weather@3", "weathe", "weather@", "@1", "", "weather@01x"]) {
          assert.isTrue(Option.isNone(yield* store.find(ref)), ref)
        }
      }).pipe(Effect.provide(layer))
    )

    it.effect("listed newest first; a removed version is not given out again", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        const first = yield* store.put(draft("weather"))
        const other = yield* store.put(draft("other"))
        const second = yield* store.put(draft("weather", "b".repeat(64)))
        assert.deepStrictEqual(yield* store.list(), [second, other, first])
        assert.deepStrictEqual(yield* store.list({ pipelineName: "weather" }), [second, first])
        assert.isTrue(yield* store.remove(second.id))
        assert.isTrue(yield* store.remove(second.id))
        const third = yield* store.put(draft("weather", "c".repeat(64)))
        assert.strictEqual(third.version, 3)
      }).pipe(Effect.provide(layer))
    )

    references(layer)
  })
}

const pick = <S extends { readonly id: string; readonly version: number; readonly createdAt: unknown }>(
  snapshot: S
) => ({
  id: snapshot.id,
  version: snapshot.version,
  createdAt: snapshot.createdAt
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { buildConfiguration, checksum } from "../../src/Containerized/BuildConfiguration.js"
import { imageFor } from "../../src/Containerized/ImageFor.js"
import type { Snapshot } from "../../src/Snapshot/Model.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import * as Ids from "../../src/Store/Ids.js"
import * as Registry from "../../src/Store/Registry.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import { resolvedSettings, snapshotOf } from "./fixtures.js"

const registry = Registry.layerMemory.pipe(Layer.provide(Ids.layerTest))

const stored: Effect.Effect<Snapshot, unknown, SnapshotStore> = Effect.gen(function* () {
  const store = yield* SnapshotStore
  const { bundle, pipelineName, settings, source, spec } = snapshotOf({})
  return yield* store.put({ bundle, pipelineName, settings, source, spec })
})

describe("imageFor", () => {
  it.effect("is none for a snapshot that was never built", () =>
    Effect.gen(function* () {
      assert.isTrue(Option.isNone(yield* imageFor(yield* stored, resolvedSettings)))
    }).pipe(Effect.provide(registry))
  )

  it.effect("finds the build that fits", () =>
    Effect.gen(function* () {
      const snapshot = yield* stored
      const builds = yield* BuildStore
      const sum = checksum(buildConfiguration(snapshot, resolvedSettings))
      const build = yield* builds.put({ snapshotId: snapshot.id, checksum: sum, image: "sha256:1" })
      assert.deepStrictEqual(yield* imageFor(snapshot, resolvedSettings), Option.some(build))
    }).pipe(Effect.provide(registry))
  )

  it.effect("refuses images made for other settings, and says what to do", () =>
    Effect.gen(function* () {
      const snapshot = yield* stored
      const builds = yield* BuildStore
      yield* builds.put({ snapshotId: snapshot.id, checksum: "f".repeat(64), image: "sha256:1" })
      const error = yield* Effect.flip(imageFor(snapshot, resolvedSettings))
      assert.strictEqual(error._tag, "DeploymentSnapshotMismatch")
      assert.include(
        error.message,
        `Snapshot ${snapshot.label} cannot be deployed: its image was made for other image settings`
      )
      assert.include(error.message, "Deploy from /project/weather.ts again")
    }).pipe(Effect.provide(registry))
  )
})

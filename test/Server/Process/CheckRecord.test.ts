import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Manifest } from "../../../src/Contract/Manifest.js"
import * as CheckRecord from "../../../src/Server/Process/CheckRecord.js"
import { Serving } from "../../../src/Settings/Serving.js"

const manifest = (folder: string, generation: number): Manifest => ({
  formatVersion: 1,
  deployment: { id: "1", name: "weather" },
  generation,
  snapshot: { id: "2", pipelineName: "weather", version: 1, digest: "0" },
  serving: Schema.decodeSync(Serving)({}),
  listen: { host: "127.0.0.1", fallback: true },
  authKeyDigests: [],
  check: { timeoutMillis: 1_000 },
  runStore: `${folder}/runs.db`,
  endpointFile: `${folder}/endpoint.json`
})

describe("CheckRecord", () => {
  it.scoped("leaves out the check of a generation that passed, and of an older one", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const isDue = (generation: number) =>
        Effect.map(CheckRecord.withoutPassed(manifest(folder, generation)), ({ check }) => check !== undefined)
      assert.isTrue(yield* isDue(2))
      yield* CheckRecord.write(manifest(folder, 2))
      assert.deepStrictEqual(yield* Effect.forEach([1, 2, 3], isDue), [false, false, true])
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("does not fail in a folder that cannot be written", () =>
    Effect.gen(function* () {
      const missing = manifest("/nowhere/at/all", 1)
      yield* CheckRecord.write(missing)
      assert.isDefined((yield* CheckRecord.withoutPassed(missing)).check)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

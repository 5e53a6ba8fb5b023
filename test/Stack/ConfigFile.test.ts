import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ConfigFile from "../../src/Stack/ConfigFile.js"

describe("a settings file", () => {
  it.scopedLive("of a folder without packages leaves no temporary folder", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const made: Array<string> = []
      const watched = FileSystem.FileSystem.of({
        ...fs,
        makeTempDirectoryScoped: (options) =>
          Effect.tap(fs.makeTempDirectoryScoped(options), (folder) => Effect.sync(() => made.push(folder)))
      })
      const file = `${yield* fs.makeTempDirectoryScoped()}/deployers.config.ts`
      yield* fs.writeFileString(
        file,
        'import { defineConfig } from "effect-deployers/Config"\nexport default defineConfig({ deployments: { weather: { pipeline: "./weather.ts" } } })\n'
      )
      const stack = yield* Effect.provideService(ConfigFile.load({ file }), FileSystem.FileSystem, watched)
      assert.include(JSON.stringify(stack), "weather")
      assert.lengthOf(made, 1)
      for (const folder of made) assert.isFalse(yield* fs.exists(folder))
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

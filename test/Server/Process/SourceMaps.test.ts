import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { build } from "esbuild"
import * as SourceMaps from "../../../src/Server/Process/SourceMaps.js"

const source = `
export const fail = (why: string): Error =>
  new Error(why)
`

const bundled = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  yield* fs.writeFileString(`${folder}/thrower.ts`, source)
  const outfile = `${folder}/main.mjs`
  yield* Effect.promise(() =>
    build({ entryPoints: [`${folder}/thrower.ts`], outfile, format: "esm", minify: true, sourcemap: "external" })
  )
  const module = yield* Effect.promise(() => import(/* @vite-ignore */ outfile))
  return { folder, outfile, stack: String((module as { fail: (why: string) => Error }).fail("x").stack) }
})

describe("positions in a bundle", () => {
  it.scoped("are said as positions in its sources", () =>
    Effect.gen(function* () {
      const { folder, outfile, stack } = yield* bundled
      assert.include(stack, "main.mjs:1:")
      const restored = SourceMaps.make(outfile)(stack)
      assert.include(restored, `${folder}/thrower.ts:3:3`)
      assert.notInclude(restored, "main.mjs")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
  it.scoped("stay when there is no map, or it is none", () =>
    Effect.gen(function* () {
      const { outfile, stack } = yield* bundled
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${outfile}.map`, "nonsense")
      assert.strictEqual(SourceMaps.make(outfile)(stack), stack)
      yield* fs.remove(`${outfile}.map`)
      assert.strictEqual(SourceMaps.make(outfile)(stack), stack)
      assert.strictEqual(SourceMaps.make(outfile)("main.mjs:1:1 is nowhere"), "main.mjs:1:1 is nowhere")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

import { FileSystem, Path } from "@effect/platform"
import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Bundle } from "effect-deployers"
import * as Workspace from "./Workspace.js"

const failure = (file: string) => Effect.flip(Effect.flatMap(Bundle.Bundler, (bundler) => bundler.bundle({ file })))

const problems = (files: Record<string, string>) =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const file = yield* Workspace.write(files)
    const error = yield* failure(file)
    if (error._tag !== "PipelineBundleFailed") return yield* Effect.dieMessage(error.message)
    expect(error.file).toBe(file)
    expect(error.message).toContain(`${file} could not be bundled:\n  `)
    return error.problems.map(({ location, reason }) =>
      location === undefined ? reason : `${path.relative(path.dirname(file), location)} ${reason}`
    )
  })

layer(Workspace.layer)("how bundling fails", (it) => {
  it.effect("a file that is not there", () =>
    Effect.gen(function* () {
      const error = yield* failure("/nowhere/weather.ts")
      expect(error._tag).toBe("PipelineFileNotFound")
      expect(error.message).toBe(
        "There is no readable file /nowhere/weather.ts; give the path of the TypeScript or JavaScript module that exports the pipeline."
      )
    })
  )

  it.scoped("a folder", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
      const error = yield* failure(folder)
      expect(error._tag).toBe("PipelineBundleFailed")
      expect(error.message).toBe(
        `${folder} could not be bundled:\n  it is a folder; give the path of the module that exports the pipeline`
      )
    })
  )

  it.scoped("a file that is not a module", () =>
    Effect.gen(function* () {
      expect(yield* problems({ "weather.py": "def weather(): pass" })).toStrictEqual([
        "it is not a module; the file name has to end with one of .ts, .mts, .cts, .tsx, .js, .mjs, .cjs, .jsx"
      ])
    })
  )

  it.scoped("a syntax error", () =>
    Effect.gen(function* () {
      expect(yield* problems({ "weather.ts": "export const weather =\n  1 +* 2" })).toStrictEqual([
        'weather.ts:2:6 Unexpected "*"'
      ])
    })
  )

  it.scoped("imports that cannot be found, all of them", () =>
    Effect.gen(function* () {
      expect(
        yield* problems({
          "weather.ts": 'import "./lib/rain.js"\nimport "@scope/sun/rays"',
          "lib/rain.ts": 'import "./gone.js"'
        })
      ).toStrictEqual([
        'lib/rain.ts:1:8 "./gone.js" cannot be found',
        'weather.ts:2:8 "@scope/sun/rays" cannot be found; install it with `npm install @scope/sun`'
      ])
    })
  )

  it.scoped("a part of this library that does not exist", () =>
    Effect.gen(function* () {
      const [problem] = yield* problems({ "weather.ts": 'import "effect-deployers/Nonsense"' })
      expect(problem).toBe('weather.ts:1:8 "effect-deployers/Nonsense" is not part of this version of effect-deployers')
    })
  )

  it.scoped("a type that is imported as a value", () =>
    Effect.gen(function* () {
      expect(
        yield* problems({
          "weather.ts": 'import { City } from "./types.js"\nexport const city = City',
          "types.ts": "export type City = string"
        })
      ).toStrictEqual([
        'weather.ts:1:10 "types.ts" exports no value "City"; if it is a type, import it with `import type`'
      ])
    })
  )

  it.scoped("a file that is data", () =>
    Effect.gen(function* () {
      expect(yield* problems({ "weather.ts": 'import "./cities.csv"', "cities.csv": "a,b" })).toStrictEqual([
        'weather.ts:1:8 ".csv" files have no loader; set it, for example loader: { ".csv": "text" } (or "file", "binary")'
      ])
    })
  )

  it.scoped("a native addon outside of any package", () =>
    Effect.gen(function* () {
      expect(yield* problems({ "weather.ts": 'import "./addon.node"', "addon.node": "" })).toStrictEqual([
        "weather.ts:1:8 Node cannot import a native addon; load it with createRequire(import.meta.url)"
      ])
    })
  )

  it.scoped("a module written for another major version of effect", () =>
    Effect.gen(function* () {
      const [problem] = yield* problems({
        "weather.ts": 'import { Effect } from "effect"\nexport const weather = Effect.void',
        "node_modules/effect/package.json": '{"name":"effect","version":"4.0.0","main":"index.js"}',
        "node_modules/effect/index.js": "exports.Effect = {}"
      })
      expect(problem).toMatch(
        /^weather\.ts:1:24 it uses effect 4\.0\.0, but pipelines are served with effect 3\.\d+\.\d+; install effect@3\.\d+\.\d+$/
      )
    })
  )
})

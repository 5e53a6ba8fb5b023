import { fileURLToPath } from "node:url"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Snapshot } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine, VirtualTime } from "effect-deployers/Testing"
import { weather } from "../../examples/weather.js"
import * as Workspace from "../Bundle/Workspace.js"

const { imports, pipeline } = Workspace

const example = fileURLToPath(new URL("../../examples/weather.ts", import.meta.url))

const inWorld = Effect.provide(Layer.merge(InMemoryDeployer.layer, NodeContext.layer))

const failureOf = (files: Record<string, string>, name = "") =>
  Effect.gen(function* () {
    const file = yield* Workspace.write(files)
    const error = yield* Effect.flip(Snapshot.fromFile(name === "" ? file : `${file}#${name}`))
    return { tag: error._tag, message: error.message.replaceAll(file, "FILE") }
  })

describe("InMemoryBundler", () => {
  it.scoped("gives the module that the test imports, and the spec of its pipeline", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      const snapshot = yield* Snapshot.fromFile(`${example}#weather`)
      assert.strictEqual(engine.pipelines.get(snapshot.bundle.digest), weather)
      assert.deepStrictEqual(snapshot.spec, yield* Snapshot.compile(weather))
      assert.deepStrictEqual(snapshot.source, { file: example, export: "weather" })
    }).pipe(inWorld)
  )

  it.scoped("an unchanged file is the same snapshot, a changed one is another that runs the new code", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const engine = yield* InMemoryEngine.InMemoryEngine
      const file = yield* Workspace.write({ "greet.ts": Workspace.greeting })
      const first = yield* Snapshot.fromFile(file)
      assert.strictEqual((yield* Snapshot.fromFile(file)).id, first.id)
      yield* fs.writeFileString(file, `${imports}${pipeline("depart")}`)
      const second = yield* Snapshot.fromFile(file)
      assert.strictEqual(second.spec.name, "depart")
      assert.strictEqual(engine.pipelines.get(second.bundle.digest)?.name, "depart")
      yield* fs.writeFileString(file, Workspace.greeting)
      assert.strictEqual((yield* Snapshot.fromFile(file)).id, first.id)
    }).pipe(inWorld)
  )

  it.scoped("a change of a file that the module imports is a change of the module", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const engine = yield* InMemoryEngine.InMemoryEngine
      const file = yield* Workspace.write({
        "greet.ts": `import { described } from "./text.js"\n${Workspace.greeting.replace('"greet", {', '"greet", { description: described,')}`,
        "text.ts": 'export const described: string = "says hello"'
      })
      const first = yield* Snapshot.fromFile(file)
      assert.strictEqual(first.spec.description, "says hello")
      yield* fs.writeFileString(path.join(path.dirname(file), "text.ts"), 'export const described = "greets"')
      const second = yield* Snapshot.fromFile(file)
      assert.strictEqual(second.spec.description, "greets")
      assert.strictEqual(engine.pipelines.get(second.bundle.digest)?.description, "greets")
    }).pipe(inWorld)
  )

  it.scoped("fails as the bundler does", () =>
    Effect.gen(function* () {
      const two = `${imports}${pipeline("greet")}${pipeline("part")}`
      assert.deepStrictEqual(yield* failureOf({ "module.ts": two }), {
        tag: "PipelineExportNotFound",
        message: "FILE does not say which pipeline to deploy: its pipelines are greet, part; choose one as FILE#greet."
      })
      assert.strictEqual((yield* failureOf({ "module.ts": "export const a = 1" })).tag, "PipelineExportNotFound")
      assert.strictEqual((yield* failureOf({ "module.ts": two }, "other")).tag, "PipelineExportNotFound")
      assert.strictEqual(
        (yield* failureOf({ "module.ts": `${two}export const a = 1` }, "a")).tag,
        "PipelineExportInvalid"
      )
      assert.strictEqual((yield* Effect.flip(Snapshot.fromFile("/nowhere/a.ts")))._tag, "PipelineFileNotFound")
      assert.deepStrictEqual(yield* failureOf({ "module.ts": 'import "./lib.js"\nimport "@scope/sun/rays"' }), {
        tag: "PipelineBundleFailed",
        message: [
          "FILE could not be bundled:",
          '  FILE:1:8: "./lib.js" cannot be found',
          '  FILE:2:8: "@scope/sun/rays" cannot be found; install it with `npm install @scope/sun`'
        ].join("\n")
      })
      const symbol = Workspace.greeting.replace("name: Schema.String", "name: Schema.SymbolFromSelf")
      assert.strictEqual((yield* failureOf({ "module.ts": symbol })).tag, "PipelineSchemaUnsupported")
      const thrown = yield* failureOf({ "module.ts": `${Workspace.greeting}\nthrow new Error("no weather today")` })
      assert.strictEqual(thrown.tag, "PipelineLoadFailed")
      assert.include(thrown.message, "FILE failed while it was loaded: Error: no weather today")
    }).pipe(inWorld)
  )

  it.scoped("a file far from any package uses this copy of the library, and keeps its URL", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      const file = yield* Workspace.write({
        "far.ts": Workspace.greeting.replace('"greet", {', '"greet", { description: import.meta.url,')
      })
      const { bundle, spec } = yield* Snapshot.fromFile(file)
      assert.strictEqual(spec.description, `file://${file}`)
      assert.isDefined(engine.pipelines.get(bundle.digest))
    }).pipe(inWorld)
  )

  it.live("reads files in virtual time, whose clock stands still meanwhile", () =>
    Effect.gen(function* () {
      const time = yield* VirtualTime.VirtualTime
      const snapshot = yield* Effect.timeout(Snapshot.fromFile(`${example}#weather`), "1 second")
      assert.strictEqual(snapshot.pipelineName, "weather")
      assert.strictEqual(yield* time.elapsed, 0)
    }).pipe(Effect.provide(InMemoryDeployer.layer), VirtualTime.run)
  )
})

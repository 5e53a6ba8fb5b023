// A pipeline with an application and a page: it is bundled, its folder is removed, and the bundle serves both.
import { spawn } from "node:child_process"
import { join } from "node:path"
import { FileSystem } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule, Schema } from "effect"
import { Bundle, Settings } from "effect-deployers"
import * as Contents from "../../src/Bundle/Contents.js"
import { Endpoint, Manifest } from "../../src/Contract/Manifest.js"
import { manifestTest } from "../Server/Manifest.js"
import { weather } from "../Server/Pipelines.js"
import * as Workspace from "./Workspace.js"

const module = `
import { HttpApiEndpoint, HttpApiGroup, HttpServerResponse } from "@effect/platform"
import { Context, Effect, Layer, Schema } from "effect"
import { App, Pipeline } from "effect-deployers"

class Model extends Context.Tag("Model")<Model, string>() {}
const group = HttpApiGroup.make("models").add(HttpApiEndpoint.get("current", "/model").addSuccess(Schema.String))
const app = App.make(
  App.endpoints(group, (handlers) => handlers.handle("current", () => Model), { access: "public" }),
  App.middleware((inner) => Effect.map(inner, HttpServerResponse.setHeader("x-mine", "yes")), { on: ["endpoints"] })
)

export const greet = Pipeline.make("greet", {
  input: Schema.Struct({ name: Schema.String }),
  output: Schema.String,
  settings: { static: { folder: "web/dist" }, cors: { origins: ["https://app.example.com"] } },
  run: ({ name }) => Effect.succeed("Hello, " + name + "!")
}).pipe(Pipeline.withApp(app), Pipeline.provide(Layer.succeed(Model, "from the warm state")))
`

const files = {
  "src/greet.ts": module,
  "package.json": '{"name":"project","type":"module"}',
  "web/dist/index.html": "<title>a page</title>",
  "web/dist/assets/app-BfT3kD9x.js": "console.log(1)",
  "web/dist/.env": "SECRET=1",
  "web/source.ts": "export {}"
}

const serve = ({ contents = Contents.none, directory }: Bundle.Bundle, serving: Settings.Serving) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "served-" })
    const endpointFile = join(folder, "endpoint.json")
    const manifest = { ...manifestTest(weather), serving, endpointFile, runStore: join(folder, "runs.db") }
    const text = yield* Schema.encode(Schema.parseJson(Manifest))(manifest)
    yield* fs.writeFileString(join(folder, "manifest.json"), text)
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(
          process.execPath,
          [
            ...Contents.nodeArguments(contents, directory),
            join(directory, "start.mjs"),
            "serve",
            join(folder, "manifest.json")
          ],
          { cwd: join(directory, contents.workingDirectory), env: { PATH: process.env.PATH }, stdio: "ignore" }
        )
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const written = Effect.flatMap(fs.readFileString(endpointFile), Schema.decode(Schema.parseJson(Endpoint)))
    const { port } = yield* Effect.retry(written, Schedule.spaced("20 millis"))
    const url = `http://127.0.0.1:${port}`
    const ready = Effect.promise(() => fetch(`${url}/health/ready`))
    yield* Effect.repeat(ready, { until: ({ status }) => status === 200, schedule: Schedule.spaced("20 millis") })
    return url
  })

layer(Workspace.layer, { excludeTestServices: true })("a bundle with an application", (it) => {
  it.scoped("serves its endpoints, its middleware and its page", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bundler = yield* Bundle.Bundler
      const file = yield* Workspace.write(files)
      const { bundle, spec } = yield* Bundle.withPipelineSettings(bundler, { file })
      // The scope of the folder removes it later.
      const project = file.replace("/src/greet.ts", "")
      yield* Effect.zipRight(fs.remove(project, { recursive: true }), fs.makeDirectory(project))
      const places = (bundle.contents?.items ?? []).map(({ path }) => path.replace(/^[^/]+\//, ""))
      assert.includeMembers(places, ["web/dist/index.html", "web/dist/assets/app-BfT3kD9x.js"])
      assert.notIncludeMembers(places, ["web/dist/.env", "web/source.ts"])
      const url = yield* serve(bundle, yield* Schema.decodeUnknown(Settings.Serving)(spec.serving))
      const get = (path: string, headers: Record<string, string> = {}) =>
        Effect.promise(async () => {
          const response = await fetch(`${url}${path}`, { headers })
          return { status: response.status, headers: response.headers, text: await response.text() }
        })
      const model = yield* get("/model", { origin: "https://app.example.com" })
      assert.deepStrictEqual([model.status, model.text], [200, '"from the warm state"'])
      assert.strictEqual(model.headers.get("x-mine"), "yes")
      assert.strictEqual(model.headers.get("access-control-allow-origin"), "https://app.example.com")
      assert.strictEqual((yield* get("/")).text, "<title>a page</title>")
      const script = yield* get("/assets/app-BfT3kD9x.js")
      assert.deepStrictEqual([script.text, script.headers.get("x-mine")], ["console.log(1)", null])
      assert.strictEqual((yield* get("/.env")).status, 404)
    })
  )
  it.scoped("refuses a folder that cannot travel, or is not there", () =>
    Effect.gen(function* () {
      const bundler = yield* Bundle.Bundler
      for (const [folder, reason] of [
        ["/etc", "static.folder: an absolute path does not travel"],
        ["web/built", "web/built/**"]
      ] as const) {
        const file = yield* Workspace.write({ ...files, "src/greet.ts": module.replace("web/dist", folder) })
        const error = yield* Effect.flip(Bundle.withPipelineSettings(bundler, { file }))
        assert.include(error.message, reason)
      }
    })
  )
})

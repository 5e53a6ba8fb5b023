// The starter project of a new user: it compiles, deploys and answers.
import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Input, Output, runWith } from "../../src/Cli/index.js"
import { versions } from "../../src/Cli/Starter.js"
import { Untouched } from "./support.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url))
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")

const node = (cwd: string, home: string, ...args: ReadonlyArray<string>) =>
  Effect.async<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>((resume) => {
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DEPLOYERS_HOME: home }
    execFile(process.execPath, [...args], { cwd, env }, (error, stdout, stderr) =>
      resume(Effect.succeed({ exitCode: Number(error?.code ?? 0), stdout, stderr }))
    )
  })

/** The program is tested as it is shipped: compiled. */
beforeAll(
  () =>
    new Promise<void>((resolve, reject) => {
      execFile("npm", ["run", "build", "--silent"], { cwd: root }, (error) => (error ? reject(error) : resolve()))
    })
)

/** Links the dependencies like `npm install`, without a registry. */
const install = Effect.fnUntraced(function* (project: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { dependencies, devDependencies } = yield* Effect.flatMap(
    fs.readFileString(path.join(project, "package.json")),
    Schema.decode(Schema.parseJson(Packages))
  )
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    const from = name === "effect-deployers" ? root : path.join(root, "node_modules", name)
    const to = path.join(project, "node_modules", name)
    yield* fs.makeDirectory(path.dirname(to), { recursive: true })
    yield* fs.symlink(from, to)
  }
})

const Versions = Schema.Record({ key: Schema.String, value: Schema.String })
const Packages = Schema.Struct({ dependencies: Versions, devDependencies: Versions })

describe("deployers init", () => {
  it.scopedLive(
    "writes a project that compiles, deploys and answers",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-init-" })
        const home = path.join(folder, "home")
        const project = path.join(folder, "My Weather")
        const made = yield* node(folder, home, bin, "init", "My Weather", "--json")
        assert.strictEqual(made.exitCode, 0, made.stderr)
        assert.deepStrictEqual(JSON.parse(made.stdout), {
          directory: yield* fs.realPath(project),
          files: ["package.json", "tsconfig.json", "weather.ts", "README.md"]
        })
        assert.isFalse(yield* fs.exists(home))
        yield* install(project)
        const checked = yield* node(project, home, tsc)
        assert.deepStrictEqual([checked.exitCode, checked.stdout], [0, ""])

        yield* Effect.gen(function* () {
          const deployed = yield* node(project, home, bin, "deploy", "weather.ts", "--name", "weather", "--json")
          assert.strictEqual(deployed.exitCode, 0, deployed.stderr)
          const invoked = yield* node(project, home, bin, "invoke", "weather", "--city", "Oslo", "--unit", "F")
          assert.deepStrictEqual(JSON.parse(invoked.stdout), { summary: "Oslo: 39°F" })
          const failed = yield* node(project, home, bin, "invoke", "weather", "--city", "Atlantis")
          assert.strictEqual(failed.exitCode, 1)
        }).pipe(Effect.ensuring(node(project, home, bin, "delete", "weather", "--yes", "--force")))
      }).pipe(Effect.provide(NodeContext.layer)),
    120_000
  )

  it.scopedLive("overwrites nothing, lists what is in the way, and needs no service", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-init-" })
      const init = (...argv: ReadonlyArray<string>) => {
        const { layer, stderr, stdout } = Output.capture()
        return runWith(["init", ...argv], { services: Untouched, doctor: Untouched }).pipe(
          Effect.flatMap((exitCode) => Effect.all({ exitCode: Effect.succeed(exitCode), stderr, stdout })),
          Effect.provide(Layer.merge(layer, Input.layerTest({})))
        )
      }
      yield* fs.writeFileString(`${folder}/weather.ts`, "mine")
      const refused = yield* init(folder, "--json")
      assert.strictEqual(refused.exitCode, 1)
      assert.deepInclude(JSON.parse(refused.stdout), { _tag: "FilesInTheWay", files: ["weather.ts"] })
      assert.include(refused.stderr, "has weather.ts already; nothing was written.")
      assert.deepStrictEqual(yield* fs.readDirectory(folder), ["weather.ts"])
      const beside = yield* init(`${folder}/other`)
      assert.include(beside.stdout, "npx deployers deploy weather.ts --name weather")
      const again = yield* init(`${folder}/other`)
      assert.include(again.stderr, "has package.json, tsconfig.json, weather.ts, README.md already")
      const wrong = yield* init(`${folder}/weather.ts/in`)
      assert.deepStrictEqual([wrong.exitCode, wrong.stdout], [2, ""])
      assert.match(wrong.stderr, /^error: The folder .+ cannot be used: .+\nhint: /)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("pins the versions that this library is tested with", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const Meta = Schema.Record({ key: Schema.String, value: Schema.Struct({ optional: Schema.Boolean }) })
      const Own = Schema.parseJson(
        Schema.Struct({ devDependencies: Versions, peerDependencies: Versions, peerDependenciesMeta: Meta })
      )
      const own = yield* Effect.flatMap(fs.readFileString(`${root}/package.json`), Schema.decode(Own))
      const pinned = { ...versions.dependencies, ...versions.devDependencies }
      for (const [name, version] of Object.entries(pinned)) assert.strictEqual(own.devDependencies[name], version, name)
      const peers = Object.keys(own.peerDependencies).filter(
        (name) => own.peerDependenciesMeta[name]?.optional !== true
      )
      assert.sameMembers(Object.keys(versions.dependencies), [...peers, "@effect/platform-node"])
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

// The starter projects of a new user, from the packed package.
import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Starter from "../../../src/Cli/Commands/Starter.js"
import { Input, Output, runWith } from "../../../src/Cli/index.js"
import { Untouched } from "../support.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")

interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const program = (cwd: string, home: string, file: string, ...args: ReadonlyArray<string>) =>
  Effect.async<Ended>((resume) => {
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DEPLOYERS_HOME: home }
    execFile(file, [...args], { cwd, env, maxBuffer: 10_000_000 }, (error, stdout, stderr) =>
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

const Versions = Schema.Record({ key: Schema.String, value: Schema.String })
const Packages = Schema.Struct({ dependencies: Versions, devDependencies: Versions })

const packed = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-init-" })
  const { stdout } = yield* program(
    root,
    folder,
    "npm",
    "pack",
    "--silent",
    "--ignore-scripts",
    "--pack-destination",
    folder
  )
  yield* program(folder, folder, "tar", "-xzf", path.join(folder, stdout.trim()))
  yield* fs.symlink(path.join(root, "node_modules"), path.join(folder, "package", "node_modules"))
  return { folder, bin: path.join(folder, "package", "dist", "bin.js") }
})

/** Links the dependencies like `npm install`, without a registry. */
const install = Effect.fnUntraced(function* (project: string, library: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { dependencies, devDependencies } = yield* Effect.flatMap(
    fs.readFileString(path.join(project, "package.json")),
    Schema.decode(Schema.parseJson(Packages))
  )
  const link = (from: string, name: string) =>
    Effect.gen(function* () {
      const to = path.join(project, "node_modules", name)
      yield* fs.makeDirectory(path.dirname(to), { recursive: true })
      yield* fs.symlink(from, to)
    })
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    yield* link(name === "effect-deployers" ? library : path.join(root, "node_modules", name), name)
  }
})

type Node = (...args: ReadonlyArray<string>) => Effect.Effect<Ended>

/** Tests a project, deploys it and invokes its pipeline. */
const firstAnswer = (template: Starter.TemplateName, node: Node, bin: string) => {
  const { deployment, example } = Starter.templates[template]
  return Effect.gen(function* () {
    const tested = yield* node("node_modules/vitest/vitest.mjs", "run")
    assert.strictEqual(tested.exitCode, 0, tested.stdout + tested.stderr)
    const deployed = yield* node(bin, "deploy", "--json")
    assert.strictEqual(deployed.exitCode, 0, deployed.stderr)
    const invoked = yield* node(bin, "invoke", deployment, ...example.split(" "))
    assert.deepStrictEqual(JSON.parse(invoked.stdout), { summary: "Oslo: 4°C" })
  }).pipe(Effect.ensuring(node(bin, "delete", deployment, "--yes", "--force")))
}

describe("deployers init", () => {
  it.scopedLive(
    "writes projects that compile; the first one passes its tests, deploys and answers",
    () =>
      Effect.gen(function* () {
        const path = yield* Path.Path
        const fs = yield* FileSystem.FileSystem
        const { bin, folder } = yield* packed
        for (const template of Starter.names) {
          const home = path.join(folder, `home ${template}`)
          const project = path.join(folder, `My ${template}`)
          const node = (...args: ReadonlyArray<string>) => program(project, home, process.execPath, ...args)
          const args = [bin, "init", project, "--template", template, "--json"]
          const made = yield* program(folder, home, process.execPath, ...args)
          assert.strictEqual(made.exitCode, 0, made.stderr)
          const { files } = JSON.parse(made.stdout) as { readonly files: ReadonlyArray<string> }
          assert.includeMembers([...files], ["package.json", ".gitignore", "deployers.config.ts", "program.ts"])
          assert.isFalse(yield* fs.exists(home))
          yield* install(project, path.join(folder, "package"))
          const checked = yield* node(tsc)
          assert.deepStrictEqual([checked.exitCode, checked.stdout], [0, ""], template)
          // The tests of all templates run with those of this library.
          if (template === Starter.names[0]) yield* firstAnswer(template, node, bin)
        }
      }).pipe(Effect.provide(NodeContext.layer)),
    600_000
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
      assert.include(beside.stdout, "npm run deploy\n  npx deployers invoke weather --city Oslo")
      const again = yield* init(`${folder}/other`)
      assert.include(again.stderr, "has package.json, tsconfig.json, .gitignore, README.md, deployers.config.ts")
      const wrong = yield* init(`${folder}/weather.ts/in`)
      assert.deepStrictEqual([wrong.exitCode, wrong.stdout], [2, ""])
      assert.match(wrong.stderr, /^error: The folder .+ cannot be used: .+\nhint: /)
      const unknown = yield* init(`${folder}/third`, "--template", "none")
      assert.strictEqual(unknown.exitCode, 2)
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
      const pinned = { ...Starter.versions.dependencies, ...Starter.versions.devDependencies }
      for (const [name, version] of Object.entries(pinned)) assert.strictEqual(own.devDependencies[name], version, name)
      const peers = Object.keys(own.peerDependencies).filter(
        (name) => own.peerDependenciesMeta[name]?.optional !== true
      )
      assert.sameMembers(Object.keys(Starter.versions.dependencies), [...peers, "@effect/platform-node"])
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

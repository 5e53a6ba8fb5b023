// The package as a user gets it: packed, installed into an empty project, the README's code compiled and run there.
import { fileURLToPath } from "node:url"
import { Command, FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import * as Tutorial from "./Tutorial.js"

const root = fileURLToPath(new URL("..", import.meta.url))

const run = (cwd: string, env: Record<string, string>, ...[command, ...args]: [string, ...Array<string>]) =>
  Effect.gen(function* () {
    const process = yield* Command.make(command, ...args).pipe(
      Command.workingDirectory(cwd),
      Command.env(env),
      Command.stderr("inherit"),
      Command.start
    )
    const [output, code] = yield* Effect.all(
      [Effect.map(Stream.mkString(Stream.decodeText(process.stdout)), (text) => text.trim()), process.exitCode],
      { concurrency: 2 }
    )
    assert.strictEqual(code, 0, `${command} ${args.join(" ")}\n${output}`)
    return output
  }).pipe(Effect.scoped)

const blocks = (markdown: string) =>
  Array.from(markdown.matchAll(/^```ts\n\/\/ ([\w.-]+)\n([\s\S]*?)^```/gm), ([, name = "", code = ""]) => ({
    name,
    code
  }))

/** The README's deployment program in the in-memory world, with a call of its deployment. No test runner is installed. */
const withInMemoryWorld = (code: string) =>
  [
    [
      'import { Embedded } from "effect-deployers/Local"',
      'import { InMemoryDeployer } from "effect-deployers/Testing"'
    ],
    ["Embedded.layer()", "InMemoryDeployer.layer"],
    ["import { Deployer, Snapshot }", "import { Client, Deployer, Snapshot }"],
    [
      "}).pipe(",
      '  const { outputs } = yield* Client.invoke("weather", { city: "Oslo" })\n  yield* Console.log((outputs as { summary: string }).summary)\n}).pipe('
    ]
  ].reduce((text, [from = "", to = ""]) => {
    assert.include(text, from)
    return text.replace(from, to)
  }, code)

const Invoked = Schema.parseJson(Schema.Struct({ outputs: Schema.Struct({ summary: Schema.String }) }))

describe("the package", () => {
  it.scopedLive(
    "compiles and runs the code of the README, and the tutorial, in an empty project",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const project = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-package-" })
        const env = { DEPLOYERS_HOME: path.join(project, "home") }
        const compiler = yield* compilerOf(fs, path)
        yield* install(project, yield* pack(project), ...compiler)
        yield* reuseAddon(fs, path, project)
        assert.match(yield* run(project, env, "npx", "effect-deployers", "--version"), /^\d+\.\d+\.\d+$/)

        const readme = blocks(yield* fs.readFileString(path.join(root, "README.md")))
        assert.deepStrictEqual(
          readme.map(({ name }) => name),
          ["weather.ts", "deployers.config.ts", "call.ts", "deploy.ts"]
        )
        const inMemory = { name: "memory.ts", code: withInMemoryWorld(readme.at(-1)?.code ?? "") }
        const programs = [...readme, inMemory]
        for (const { code, name } of programs) yield* fs.writeFileString(path.join(project, name), code)
        const flags = [
          "--strict",
          "--exactOptionalPropertyTypes",
          "--module",
          "nodenext",
          "--target",
          "es2022",
          "--skipLibCheck"
        ]
        yield* run(project, {}, "npx", "tsc", ...flags, ...programs.map(({ name }) => name))
        assert.strictEqual(
          yield* run(project, env, "node", "memory.js"),
          "weather running at http://127.0.0.1:20001\nOslo: 4C"
        )

        yield* Effect.gen(function* () {
          assert.match(yield* run(project, env, "node", "deploy.js"), /^weather running at http:\/\/127\.0\.0\.1:\d+$/)
          assert.strictEqual(yield* run(project, env, "node", "call.js"), "Oslo: 4C")
          const invoked = yield* run(
            project,
            env,
            "npx",
            "deployers",
            "invoke",
            "weather",
            "--city",
            "Oslo",
            "--unit",
            "F",
            "--json"
          )
          assert.strictEqual((yield* Schema.decode(Invoked)(invoked)).outputs.summary, "Oslo: 4F")
        }).pipe(
          Effect.ensuring(Effect.orDie(run(project, env, "npx", "deployers", "delete", "weather", "--yes", "--force")))
        )
        const tutorial = yield* fs.readFileString(path.join(root, "docs", "tutorial.md"))
        yield* Tutorial.follow({ folder: project, env }, tutorial).pipe(
          Effect.onError(() =>
            Effect.ignore(run(project, env, "npx", "deployers", "delete", "orders", "--yes", "--force"))
          )
        )
        assert.deepStrictEqual(yield* fs.readDirectory(path.join(env.DEPLOYERS_HOME, "deployments")), [])
      }).pipe(Effect.provide(NodeContext.layer)),
    420_000
  )

  it.scopedLive(
    "compiles, deploys and answers in an application of the oldest family of Effect, with one copy of it",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const project = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-oldest-" })
        const env = { DEPLOYERS_HOME: path.join(project, "home") }
        yield* install(project, ...oldest, ...(yield* compilerOf(fs, path)))
        yield* install(project, yield* pack(project))
        yield* reuseAddon(fs, path, project)
        const files = yield* fs.readDirectory(path.join(project, "node_modules"), { recursive: true })
        const copies = files.filter((file) =>
          /(^|\/)(effect|@effect\/(platform|platform-node|sql))\/package\.json$/.test(file)
        )
        assert.sameMembers(
          copies.filter((file) => !file.includes("/dist/")),
          ["effect", "@effect/platform", "@effect/platform-node", "@effect/sql"].map((name) => `${name}/package.json`)
        )

        const [pipeline] = blocks(yield* fs.readFileString(path.join(root, "README.md")))
        const imports = entries.map((entry, index) => `export * as entry${index} from "${entry}"`)
        yield* fs.writeFileString(path.join(project, "weather.ts"), pipeline?.code ?? "")
        yield* fs.writeFileString(path.join(project, "entries.ts"), imports.join("\n"))
        const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"]
        yield* run(project, {}, "npx", "tsc", ...flags, "weather.ts", "entries.ts")

        const invoke = run(project, env, "npx", "deployers", "invoke", "weather", "--city", "Oslo", "--json")
        yield* run(project, env, "npx", "deployers", "deploy", "weather.ts", "--name", "weather", "--json").pipe(
          Effect.zipRight(invoke),
          Effect.flatMap(Schema.decode(Invoked)),
          Effect.tap(({ outputs }) => Effect.sync(() => assert.strictEqual(outputs.summary, "Oslo: 4C"))),
          Effect.ensuring(Effect.orDie(run(project, env, "npx", "deployers", "delete", "weather", "--yes", "--force")))
        )
      }).pipe(Effect.provide(NodeContext.layer)),
    300_000
  )
})

/** The oldest family in the ranges of `package.json`. */
const oldest = ["effect@3.17.14", "@effect/platform@0.90.10", "@effect/platform-node@0.96.1"]

/** The entry points of an application; those of the CLI and of the suites need optional peers. */
const entries = [
  "",
  "/Pipeline",
  "/Client",
  "/Contract",
  "/Flavor",
  "/Local",
  "/Docker",
  "/Swarm",
  "/Kubernetes",
  "/Server",
  "/Store",
  "/Testing"
].map((path) => `effect-deployers${path}`)

/** Packs the build into a folder. Returns the argument of `npm install` for it. */
const pack = Effect.fnUntraced(function* (folder: string) {
  yield* run(root, {}, "npm", "run", "build", "--silent")
  const printed = yield* run(root, {}, "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder)
  return `./${printed.split("\n").at(-1)}`
})

const install = Effect.fnUntraced(function* (project: string, ...packages: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const file = `${project}/package.json`
  if (!(yield* fs.exists(file))) yield* fs.writeFileString(file, JSON.stringify({ type: "module", private: true }))
  const flags = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--save-exact"]
  yield* run(project, {}, "npm", "install", ...flags, ...packages)
})

const compilerOf = (fs: FileSystem.FileSystem, path: Path.Path) =>
  Effect.map(versions(fs, path), ({ devDependencies }) =>
    ["typescript", "@types/node"].map((name) => `${name}@${devDependencies[name]}`)
  )

const versions = (fs: FileSystem.FileSystem, path: Path.Path) =>
  Effect.flatMap(
    fs.readFileString(path.join(root, "package.json")),
    Schema.decode(
      Schema.parseJson(
        Schema.Struct({
          devDependencies: Schema.Record({ key: Schema.String, value: Schema.String })
        })
      )
    )
  )

/** Compiling the database driver once per machine is enough. */
const reuseAddon = (fs: FileSystem.FileSystem, path: Path.Path, project: string) => {
  const build = path.join("node_modules", "better-sqlite3", "build")
  return fs.copy(path.join(root, build), path.join(project, build))
}

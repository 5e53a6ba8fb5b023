// The package as a user gets it: packed, installed into an empty project, the README's code compiled and run there.
import { fileURLToPath } from "node:url"
import { Command, FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"

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
    "compiles and runs the README's code in an empty project",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const project = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-package-" })
        const env = { DEPLOYERS_HOME: path.join(project, "home") }
        yield* run(root, {}, "npm", "run", "build", "--silent")
        const tarball = yield* run(
          root,
          {},
          "npm",
          "pack",
          "--silent",
          "--ignore-scripts",
          "--pack-destination",
          project
        )

        const { devDependencies } = yield* versions(fs, path)
        const compiler = ["typescript", "@types/node"].map((name) => `${name}@${devDependencies[name]}`)
        yield* fs.writeFileString(path.join(project, "package.json"), JSON.stringify({ type: "module", private: true }))
        const packages = [`./${tarball.split("\n").at(-1)}`, ...compiler]
        yield* run(
          project,
          {},
          "npm",
          "install",
          "--silent",
          "--no-audit",
          "--no-fund",
          "--ignore-scripts",
          "--prefer-offline",
          ...packages
        )
        yield* reuseAddon(fs, path, project)

        const readme = blocks(yield* fs.readFileString(path.join(root, "README.md")))
        assert.deepStrictEqual(
          readme.map(({ name }) => name),
          ["weather.ts", "call.ts", "deploy.ts"]
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
        assert.deepStrictEqual(yield* fs.readDirectory(path.join(env.DEPLOYERS_HOME, "deployments")), [])
      }).pipe(Effect.provide(NodeContext.layer)),
    300_000
  )
})

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

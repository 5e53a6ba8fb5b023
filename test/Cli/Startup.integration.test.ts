// The command line program as it is shipped: a few scripts, their code cache, and the packages that a command needs.
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const root = fileURLToPath(new URL("../..", import.meta.url))
const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url))

const run = (command: string, args: ReadonlyArray<string>, env: Record<string, string> = {}) =>
  Effect.async<string, Error>((resume) => {
    execFile(command, [...args], { cwd: root, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.fail(new Error(stderr, { cause: error })))
    )
  })

beforeAll(() => Effect.runPromise(run("npm", ["run", "build", "--silent"])))

/** At its end, the process prints the packages that it loaded. */
const probe = `
const { Module } = require("node:module")
process.once("exit", () => {
  const isPackage = (file) => file.includes("/node_modules/")
  const nameOf = (file) => /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)[1]
  const names = Object.keys(Module._cache).filter(isPackage).map(nameOf)
  process.stdout.write("\\n" + JSON.stringify([...new Set(names)].sort()))
})`

const world = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-startup-" })
  const file = path.join(folder, "probe.cjs")
  yield* fs.writeFileString(file, probe)
  const cache = path.join(folder, "cache")
  const env = { DEPLOYERS_HOME: path.join(folder, "home"), XDG_CACHE_HOME: cache }
  const packagesOf = (...args: ReadonlyArray<string>) =>
    Effect.map(
      run(process.execPath, ["--require", file, bin, ...args], env),
      (printed): ReadonlyArray<string> => JSON.parse(printed.split("\n").at(-1) ?? "")
    )
  /** The files of the code cache with their bytes. */
  const cached = Effect.gen(function* () {
    const names = yield* fs.readDirectory(cache, { recursive: true })
    const files = names.filter((name) => name.endsWith(".cache")).sort()
    return yield* Effect.forEach(files, (name) =>
      Effect.map(fs.readFile(path.join(cache, name)), (bytes) => ({ file: path.join(cache, name), bytes }))
    )
  })
  return { cached, env, fs, packagesOf }
})

describe("the start of the program", () => {
  it.scopedLive("loads no package for --help and --version, and the database alone for list", () =>
    Effect.gen(function* () {
      const { packagesOf } = yield* world
      assert.deepStrictEqual(yield* packagesOf("--help"), [])
      assert.deepStrictEqual(yield* packagesOf("--version"), [])
      assert.deepStrictEqual(yield* packagesOf("list"), ["better-sqlite3", "bindings", "file-uri-to-path"])
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("does not use a code cache with a wrong byte, and writes it again", () =>
    Effect.gen(function* () {
      const { cached, env, fs } = yield* world
      const help = run(process.execPath, [bin, "--help"], env)
      const printed = yield* help
      const before = yield* cached
      assert.isNotEmpty(before)
      for (const { bytes, file } of before) {
        const damaged = bytes.slice()
        damaged[damaged.length >> 1] = ~(damaged[damaged.length >> 1] ?? 0) & 0xff
        yield* fs.writeFile(file, damaged)
      }
      const damaged = yield* cached
      assert.strictEqual(yield* help, printed)
      const after = yield* cached
      assert.deepStrictEqual(
        after.map(({ file }) => file),
        before.map(({ file }) => file)
      )
      for (const [index, { bytes, file }] of after.entries()) assert.notDeepEqual(bytes, damaged[index]?.bytes, file)
      assert.strictEqual(yield* help, printed)
      assert.deepStrictEqual(yield* cached, after)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("works where no code cache can be written", () =>
    Effect.gen(function* () {
      const { env, fs } = yield* world
      yield* fs.writeFileString(env.XDG_CACHE_HOME, "a file where the folder belongs")
      const printed = yield* run(process.execPath, [bin, "--version"], env)
      assert.match(printed, /^\d+\.\d+\.\d+\n$/)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

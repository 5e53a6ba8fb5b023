import { createHash } from "node:crypto"
import { createRequire } from "node:module"
import { FileSystem, Path } from "@effect/platform"
import { assert, expect, layer } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { Bundle } from "effect-deployers"
import { Home } from "../../src/Store/Home.js"
import * as Workspace from "./Workspace.js"

const bundle = (file: string, name?: string) =>
  Effect.flatMap(Bundle.Bundler, (bundler) => bundler.bundle({ file, export: name }))

const mode = (file: string) =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(file)),
    (info) => info.mode & 0o777
  )

layer(Workspace.layer)("Bundle.layer", (it) => {
  it.scoped("G37: names a bundle by its content, wherever the module lies", () =>
    Effect.gen(function* () {
      const files = {
        "greet.ts": Workspace.greeting.replace('"Hello, "', "hello"),
        "lib/hello.ts": 'export const hello: string = "Hello, "'
      }
      files["greet.ts"] = `import { hello } from "./lib/hello.js"\n${files["greet.ts"]}`
      const here = yield* bundle(yield* Workspace.write(files))
      const there = yield* bundle(yield* Workspace.write(files))
      const elsewhere = yield* Effect.provide(bundle(yield* Workspace.write(files)), Workspace.layer)
      expect(there.digest).toBe(here.digest)
      expect(elsewhere.digest).toBe(here.digest)
      expect(elsewhere.directory).not.toBe(here.directory)

      const other = yield* bundle(yield* Workspace.write({ ...files, "lib/hello.ts": 'export const hello = "Hi, "' }))
      expect(other.digest).not.toBe(here.digest)
    })
  )

  it.scoped("writes a folder named by the digest that only its owner can read", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const { bundles } = yield* Home
      const { digest, directory, main, source } = yield* bundle(
        yield* Workspace.write({ "greet.ts": Workspace.greeting })
      )
      expect(directory).toBe(path.join(bundles, digest))
      expect(main).toBe(path.join(directory, "main.mjs"))
      expect(path.isAbsolute(source.file)).toBe(true)
      expect(
        createHash("sha256")
          .update(yield* fs.readFile(main))
          .digest("hex")
      ).toBe(digest)
      expect(yield* mode(bundles)).toBe(0o700)
      expect(yield* mode(directory)).toBe(0o700)
      expect(yield* mode(main)).toBe(0o600)
      expect(yield* mode(`${main}.map`)).toBe(0o600)
      expect((yield* fs.readDirectory(directory)).sort()).toStrictEqual([
        "contents.json",
        "deployment.js.br",
        "files",
        "main.mjs",
        "main.mjs.map",
        "mcp.js.br",
        "node_modules",
        "reference.js.br",
        "start.mjs",
        "websocket.js.br"
      ])
      expect((yield* fs.readDirectory(bundles)).filter((name) => name.startsWith(".writing"))).toStrictEqual([])
    })
  )

  it.scoped("keeps native packages outside and links them, so that plain resolution finds them", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, externals, main } = yield* bundle(yield* Workspace.write({ "greet.ts": Workspace.greeting }))
      const load = createRequire(main)
      const Database = load("better-sqlite3")
      expect(externals).toStrictEqual([
        { name: "better-sqlite3", version: load("better-sqlite3/package.json").version }
      ])
      expect(yield* fs.readDirectory(`${directory}/node_modules`)).toStrictEqual(["better-sqlite3"])
      expect(new Database(":memory:").prepare("select 1 as one").get()).toStrictEqual({ one: 1 })
    })
  )

  it.scoped("recognizes a package as native by an addon that is met late", () =>
    Effect.gen(function* () {
      const file = yield* Workspace.write({
        "greet.ts": `import { n } from "@scope/late"\nexport const used = n\n${Workspace.greeting}`,
        "node_modules/@scope/late/package.json": '{"name":"@scope/late","version":"2.0.0","main":"index.js"}',
        "node_modules/@scope/late/index.js": 'exports.n = require("./deep/down/addon.node")',
        "node_modules/@scope/late/deep/down/addon.node": ""
      })
      const { directory, externals } = yield* bundle(file)
      const fs = yield* FileSystem.FileSystem
      expect(externals).toContainEqual({ name: "@scope/late", version: "2.0.0" })
      expect(yield* fs.exists(`${directory}/files/node_modules/@scope/late/deep/down/addon.node`)).toBe(true)
      expect(yield* fs.realPath(`${directory}/installed/@scope/late`)).toBe(
        file.replace("greet.ts", "node_modules/@scope/late")
      )
    })
  )

  it.scoped("has another digest when it needs another version of a native package", () =>
    Effect.gen(function* () {
      const withNative = (version: string) => ({
        "greet.ts": `import "native"\n${Workspace.greeting}`,
        "node_modules/native/package.json": JSON.stringify({
          name: "native",
          version,
          main: "index.js",
          gypfile: true
        }),
        "node_modules/native/index.js": ""
      })
      const one = yield* bundle(yield* Workspace.write(withNative("1.0.0")))
      const two = yield* bundle(yield* Workspace.write(withNative("1.0.1")))
      expect(one.externals).toContainEqual({ name: "native", version: "1.0.0" })
      expect(two.externals).toContainEqual({ name: "native", version: "1.0.1" })
      expect(two.digest).not.toBe(one.digest)
    })
  )

  it.scoped("is removed when it is unused and older than an hour", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { bundles } = yield* Home
      const { removeUnused } = yield* Bundle.Bundler
      const write = (name: string) => Workspace.write({ "greet.ts": Workspace.imports + Workspace.pipeline(name) })
      const files = { kept: yield* write("kept"), unused: yield* write("unused"), again: yield* write("again") }
      yield* TestClock.setTime(1_000_000)
      const kept = yield* bundle(files.kept)
      const unused = yield* bundle(files.unused)
      const again = yield* bundle(files.again)
      yield* fs.makeDirectory(`${bundles}/another-folder`)
      yield* TestClock.adjust("59 minutes")
      yield* removeUnused(new Set([kept.digest]))
      assert.isTrue(yield* fs.exists(unused.directory))
      yield* bundle(files.again)
      yield* TestClock.adjust("2 minutes")
      yield* removeUnused(new Set([kept.digest]))
      assert.deepStrictEqual(
        yield* Effect.forEach(
          [kept.directory, unused.directory, again.directory, `${bundles}/another-folder`],
          fs.exists
        ),
        [true, false, true, true]
      )
    })
  )

  it.scoped("is written once when many ask for it at the same time", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { bundles } = yield* Home
      const file = yield* Workspace.write({ "greet.ts": Workspace.greeting.replaceAll("Hello", "Welcome") })
      const made = yield* Effect.all(
        Array.from({ length: 4 }, () => bundle(file)),
        { concurrency: "unbounded" }
      )
      expect(new Set(made.map(({ digest }) => digest)).size).toBe(1)
      expect((yield* fs.readDirectory(bundles)).filter((name) => name.startsWith(".writing"))).toStrictEqual([])
    })
  )

  it.scoped("sweeps away what a process that died while it wrote has left, and nothing younger", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { bundles } = yield* Home
      yield* fs.makeDirectory(`${bundles}/.writing-old`, { recursive: true })
      yield* fs.makeDirectory(`${bundles}/.writing-young`)
      yield* fs.utimes(`${bundles}/.writing-old`, 0, 0)
      yield* fs.utimes(`${bundles}/.writing-young`, 3_600, 3_600)
      yield* TestClock.setTime(2 * 3_600_000)
      yield* bundle(yield* Workspace.write({ "greet.ts": Workspace.greeting }))
      const drafts = (yield* fs.readDirectory(bundles)).filter((name) => name.startsWith(".writing"))
      yield* fs.remove(`${bundles}/.writing-young`, { recursive: true })
      expect(drafts).toStrictEqual([".writing-young"])
    })
  )

  it.scoped("G37: repairs a bundle that was damaged and leaves a sound one untouched", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* Workspace.write({ "greet.ts": Workspace.greeting })
      const { directory, main } = yield* bundle(file)
      const sound = yield* fs.readFileString(main)
      const written = (yield* fs.stat(main)).mtime
      yield* bundle(file)
      expect((yield* fs.stat(main)).mtime).toStrictEqual(written)

      yield* fs.writeFileString(main, "damaged")
      yield* fs.remove(`${main}.map`)
      yield* fs.remove(`${directory}/node_modules/better-sqlite3`)
      yield* fs.symlink("/nowhere", `${directory}/node_modules/better-sqlite3`)
      yield* bundle(file)
      expect(yield* fs.readFileString(main)).toBe(sound)
      expect(yield* fs.exists(`${main}.map`)).toBe(true)
      expect(yield* fs.exists(`${directory}/node_modules/better-sqlite3/package.json`)).toBe(true)
    })
  )

  it.scoped("has one copy of effect, the library's, with any copy beside the module", () =>
    Effect.gen(function* () {
      const marker = "a copy that must not be used"
      const beside = (version: string) => ({
        "greet.ts": Workspace.greeting,
        "node_modules/effect/package.json": JSON.stringify({ name: "effect", version, main: "index.js" }),
        "node_modules/effect/index.js": `exports.Effect = exports.Schema = ${JSON.stringify(marker)}`
      })
      const fs = yield* FileSystem.FileSystem
      const alone = yield* bundle(yield* Workspace.write({ "greet.ts": Workspace.greeting }))
      const accompanied = yield* bundle(yield* Workspace.write(beside("3.0.1")))
      expect(accompanied.digest).toBe(alone.digest)
      expect(yield* fs.readFileString(accompanied.main)).not.toContain(marker)
    })
  )
})

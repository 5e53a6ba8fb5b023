// Shapes of real projects: each is bundled, its folder is removed, and the bundle runs in a process of its own.
import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { join } from "node:path"
import { FileSystem } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Bundle, type Settings } from "effect-deployers"
import * as Contents from "../../src/Bundle/Contents.js"
import * as Workspace from "./Workspace.js"

const text = (code: string) => `${Workspace.greeting}\n${code}`

/** Bundles the first file, and gives what it prints when it is loaded. The sources are gone by then. */
const printed = (files: Record<string, string>, settings: Settings.BundlingInput = {}) =>
  Effect.gen(function* () {
    const { bundle, file } = yield* bundled(files, settings)
    yield* empty(folderOf(file, files))
    return yield* load(bundle)
  })

const bundled = (files: Record<string, string>, settings: Settings.BundlingInput = {}) =>
  Effect.gen(function* () {
    const { bundle } = yield* Bundle.Bundler
    const file = yield* Workspace.write({ ...files, ...project(files) })
    return { file, bundle: yield* bundle({ file }, settings) }
  })

const project = (files: Record<string, string>) =>
  "package.json" in files ? {} : { "package.json": '{"name":"project","type":"module"}' }

const folderOf = (file: string, files: Record<string, string>) => file.slice(0, -(Object.keys(files)[0] ?? "").length)

const load = ({ contents = Contents.none, directory }: Bundle.Bundle) =>
  Effect.async<string>((resume) => {
    const args = [...Contents.nodeArguments(contents, directory), join(directory, "start.mjs"), "describe"]
    const options = { cwd: join(directory, contents.workingDirectory), env: { PATH: process.env.PATH } }
    execFile(process.execPath, args, options, (_, stdout, stderr) =>
      resume(
        Effect.succeed(
          stdout
            .split("\n")
            .filter((line) => line.startsWith("> "))
            .join("\n") || stderr
        )
      )
    )
  })

/** The scope of the folder removes it later. */
const empty = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove(folder, { recursive: true })
    yield* fs.makeDirectory(folder)
  })

const addon = createRequire(import.meta.url).resolve("better-sqlite3/build/Release/better_sqlite3.node")

layer(Workspace.layer)("what travels with a bundle", (it) => {
  it.scoped("the files beside a module, by URL, by folder and by a plain path", () =>
    Effect.gen(function* () {
      const out = yield* printed({
        "src/greet.ts": text(`
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
const __filename = fileURLToPath(import.meta.url)
const __dirname = dirname(__filename)
const read = (file: string | URL) => readFileSync(file, "utf8")
console.log(">", read(new URL("./prompts/a.txt", import.meta.url)), read(join(__dirname, "prompts", "b.txt")),
  read(join(import.meta.dirname, "../c.txt")), read("./d.txt"), __filename.endsWith("src/greet.ts"))
import { folder } from "./folder.js"
import "./register.js"
const LIST = "lists/e.csv"
const service = { join: (...parts: ReadonlyArray<string>) => parts.join("/"), here: () => __dirname }
const here = service.here()
console.log(">", read(LIST), read(join(folder, "f.csv")), read(service.join(here, "prompts", "g.md")), read(\`\${here}/h.md\`), globalThis.registered)`),
        "package.json": '{"name":"project","type":"module","sideEffects":false}',
        "src/register.ts": "Object.assign(globalThis, { registered: true })",
        // A part of the project above it, whose folder is the working directory.
        "src/package.json": '{"type":"module"}',
        "src/folder.ts": 'export const folder = "tables"',
        "src/prompts/g.md": "g",
        "src/h.md": "h",
        "lists/e.csv": "e",
        "tables/f.csv": "f",
        "src/prompts/a.txt": "a",
        "src/prompts/b.txt": "b",
        "c.txt": "c",
        "d.txt": "d"
      })
      assert.strictEqual(out, "> a b c d true\n> e f g h true")
    })
  )

  it.scoped("a worker and a script of one's own, with the modules they import", () =>
    Effect.gen(function* () {
      const out = yield* printed({
        "greet.ts": text(`
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { itself } from "./itself.mjs"
const worker = new Worker(new URL("./worker.mjs", import.meta.url), { workerData: "x" })
const [message] = await once(worker, "message")
const [again] = await once(new Worker("./jobs/worker.mjs"), "message")
console.log(">", again, await itself())
const child = execFileSync(process.execPath, [fileURLToPath(new URL("./child.mjs", import.meta.url)), "y"])
console.log(">", message, String(child).trim())`),
        "worker.mjs":
          'import { parentPort, workerData } from "node:worker_threads"\nimport { loud } from "./loud.mjs"\nparentPort.postMessage(loud(workerData))',
        "jobs/worker.mjs":
          'import { parentPort } from "node:worker_threads"\nimport { loud } from "../loud.mjs"\nparentPort.postMessage(loud("a"))',
        "itself.mjs": `
import { once } from "node:events"
import { isMainThread, parentPort, Worker } from "node:worker_threads"
import { loud } from "./loud.mjs"
export const itself = async () => (await once(new Worker(new URL(import.meta.url)), "message"))[0]
if (!isMainThread) parentPort.postMessage(loud("b"))`,
        "loud.mjs": "export const loud = (text) => text.toUpperCase()",
        "child.mjs": 'import { loud } from "./loud.mjs"\nconsole.log(loud(process.argv[2]))'
      })
      assert.strictEqual(out, "> A B\n> X Y")
    })
  )

  it.scoped("scripts and a preload in TypeScript, by both names, with the modules they import", () =>
    Effect.gen(function* () {
      const worker = (name: string) => `
import { parentPort, workerData } from "node:worker_threads"
import { loud } from "${name}"
const message: string = loud(workerData as string)
parentPort!.postMessage(message)`
      const out = yield* printed(
        {
          "src/greet.ts": text(`
import { fork } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { kind } from "./kind.js"
const handlers = new URL("./handlers/", import.meta.url)
const names = readdirSync(handlers).sort()
const answers = await Promise.all(names.map(async (name) => (await import(new URL(name, handlers).href)).answer()))
const plugin = createRequire(import.meta.url)(fileURLToPath(new URL("../plugins/one.ts", import.meta.url)))
console.log(">", ...names, ...answers, plugin.name)
const said = async (worker: Worker) => (await once(worker, "message"))[0]
const first = await said(new Worker(new URL("./worker.ts", import.meta.url), { workerData: "x" }))
const second = await said(new Worker(new URL("./jobs/other.js", import.meta.url), { workerData: "y" }))
const [third] = await once(fork(fileURLToPath(new URL("./child.ts", import.meta.url))), "message")
const source = readFileSync(new URL("./worker.ts", import.meta.url), "utf8").includes("message: string")
console.log(">", first, second, third, kind, source, (globalThis as { preloaded?: string }).preloaded)`),
          "src/handlers/a.ts": 'import { loud } from "../loud.js"\nexport const answer = (): string => loud("a")',
          "src/handlers/b.ts": "export const answer = (): string => 'b'",
          "plugins/package.json": '{"name":"plugins"}',
          "plugins/one.ts":
            'import { basename } from "path"\nexport const name: string = basename(__filename) + require("./two").two',
          "plugins/two.ts": "const two = 2 as number\nexport = { two }",
          "src/kind.ts": 'export const kind: string = "own"',
          "src/worker.ts": worker("./loud.js"),
          "src/jobs/other.ts": worker("../loud"),
          "src/child.ts": 'import { loud } from "./loud.ts"\nprocess.send!(loud("z" satisfies string))',
          "src/loud.ts":
            'import { shout } from "shout"\nexport enum Mark { Loud = "!" }\nexport const loud = (text: string): string => shout(text) + Mark.Loud',
          "node_modules/shout/package.json": '{"name":"shout","version":"1.0.0","main":"index.js"}',
          "node_modules/shout/index.js": "exports.shout = (text) => text.toUpperCase()",
          "preload.ts": "(globalThis as { preloaded?: string }).preloaded = 'yes' satisfies string"
        },
        { import: ["./preload.ts"] }
      )
      assert.strictEqual(out, "> a.ts b.ts A! b one.ts2\n> X! Y! Z! own true yes")
    })
  )

  it.scoped("what createRequire and import.meta.resolve ask for", () =>
    Effect.gen(function* () {
      const out = yield* printed({
        "greet.ts": text(`
import { createRequire } from "node:module"
const require = createRequire(import.meta.url)
console.log(">", require("./data.json").n, require("lib").n, import.meta.resolve("lib").endsWith("node_modules/lib/index.js"))`),
        "data.json": '{"n":1}',
        "node_modules/lib/package.json": '{"name":"lib","version":"1.0.0","main":"index.js"}',
        "node_modules/lib/index.js": "exports.n = 2"
      })
      assert.strictEqual(out, "> 1 2 true")
    })
  )

  it.scoped("commands of packages with their own files, and the declarations beside a compiler", () =>
    Effect.gen(function* () {
      const files = {
        "greet.ts": text('import * as lib from "lib"\nconsole.log(">", lib.run(), lib.globals())'),
        "package.json": '{"type":"module"}',
        "node_modules/lib/package.json": '{"name":"lib","version":"1.0.0","main":"lib/index.js"}',
        "node_modules/lib/lib/index.js": `
const fs = require("fs"), path = require("path"), { execFileSync } = require("child_process")
const folder = () => path.dirname(require.resolve("lib/package.json"))
exports.run = () => String(execFileSync(process.execPath, [path.join(folder(), "bin", "tool")])).trim()
exports.globals = () => fs.readFileSync(path.join(__dirname, ["lib", "d.ts"].join(".") || "lib.d.ts"), "utf8")`,
        "node_modules/lib/lib/lib.d.ts": "declare",
        "node_modules/lib/bin/tool":
          '#!/usr/bin/env node\nconsole.log(require("fs").readFileSync(require("path").join(__dirname, "..", "part.js"), "utf8"))',
        "node_modules/lib/part.js": "part"
      }
      assert.strictEqual(yield* printed(files), "> part declare")
    })
  )
  it.scoped("a package that finds its addon and its data by computed paths", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { bundle } = yield* Bundle.Bundler
      const file = yield* Workspace.write({
        "greet.ts": text('import * as lib from "lib"\nconsole.log(">", lib.kind, lib.data())'),
        "package.json": '{"type":"module"}',
        "node_modules/lib/package.json": '{"name":"lib","version":"1.0.0","main":"index.js"}',
        "node_modules/lib/index.js": `
const fs = require("fs"), path = require("path")
exports.kind = typeof require(path.join(__dirname, "bin/" + process.platform + "/addon.node"))
exports.data = (name = ["model", "bin"].join(".")) => fs.readFileSync(path.resolve(__dirname, "data", name), "utf8")`,
        "node_modules/lib/data/model.bin": "weights",
        "node_modules/lib/bin/linux/readme": ""
      })
      const target = file.replace("greet.ts", `node_modules/lib/bin/${process.platform}/addon.node`)
      yield* fs.makeDirectory(target.replace("/addon.node", ""), { recursive: true })
      yield* fs.copyFile(addon, target)
      const made = yield* bundle({ file })
      yield* empty(file.replace("/greet.ts", ""))
      assert.strictEqual(yield* load(made), "> object weights")
      assert.deepInclude(made.externals, { name: "lib", version: "1.0.0" })
    })
  )

  it.scoped("one copy of a package that the pipeline and a package outside share", () =>
    Effect.gen(function* () {
      const out = yield* printed({
        "greet.ts": text(
          'import { Shared } from "shared"\nimport { make } from "outside"\nconsole.log(">", make() instanceof Shared)'
        ),
        "node_modules/shared/package.json":
          '{"name":"shared","version":"1.0.0","type":"module","exports":"./index.js"}',
        "node_modules/shared/index.js": "export class Shared {}",
        "node_modules/outside/package.json":
          '{"name":"outside","version":"1.0.0","type":"module","exports":"./index.js"}',
        "node_modules/outside/index.js":
          'import { Shared } from "shared"\nexport const here = import.meta.url\nexport const make = () => new Shared()'
      })
      assert.strictEqual(out, "> true")
    })
  )

  it.scoped("each version of a package for those that import it, and code that is not strict", () =>
    Effect.gen(function* () {
      const out = yield* printed({
        "greet.ts": text('import lib from "lib"\nimport user from "user"\nconsole.log(">", lib, user)'),
        "node_modules/lib/package.json": '{"name":"lib","version":"1.0.0"}',
        "node_modules/lib/index.js": "implicit = 1\nmodule.exports = implicit",
        "node_modules/user/package.json": '{"name":"user","version":"1.0.0"}',
        "node_modules/user/index.js": 'module.exports = require("lib")',
        "node_modules/user/node_modules/lib/package.json": '{"name":"lib","version":"2.0.0"}',
        "node_modules/user/node_modules/lib/index.js": "implicit = 2\nmodule.exports = implicit"
      })
      assert.strictEqual(out, "> 1 2")
    })
  )

  it.scoped("G21: no credentials, although the code names their folder, and the target of a link outside", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { bundle } = yield* Bundle.Bundler
      const outside = yield* fs.makeTempFileScoped({ prefix: "outside-" })
      yield* fs.writeFileString(outside, "linked")
      const file = yield* Workspace.write({
        "my app #1/greet.ts": text(`
import { readFileSync } from "node:fs"
import { join } from "node:path"
const read = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8")
console.log(">", read("a.txt"), readFileSync("./linked.txt", "utf8"), (globalThis as any).preloaded)`),
        "my app #1/package.json": '{"type":"module"}',
        "my app #1/a.txt": "a",
        "my app #1/.env": "KEY=1",
        "my app #1/.npmrc": "token",
        "my app #1/id_ed25519": "key",
        "my app #1/notes.txt": "-----BEGIN PRIVATE KEY-----",
        "my app #1/preload it.mjs": "globalThis.preloaded = 'first'"
      })
      const folder = file.replace("/greet.ts", "")
      yield* fs.symlink(outside, `${folder}/linked.txt`)
      const made = yield* bundle({ file }, { import: ["./preload it.mjs"], assets: ["a.txt"] })
      yield* empty(folder)
      assert.strictEqual(yield* load(made), "> a linked first")
      const paths = (made.contents?.items ?? []).map(({ path }) => path)
      assert.isEmpty(paths.filter((path) => /env|npmrc|id_|notes/.test(path)))
    })
  )

  it.scoped("the file of a package that Node chooses by its conditions", () =>
    Effect.gen(function* () {
      const out = yield* printed({
        "greet.ts": text('import lib from "lib"\nconsole.log(">", lib)'),
        "node_modules/lib/package.json": '{"name":"lib","version":"1.0.0"}',
        "node_modules/lib/index.js": "module.exports = require('chosen').default",
        "node_modules/chosen/package.json":
          '{"name":"chosen","version":"1.0.0","exports":{".":[{"module-sync":"./sync.mjs","default":"./index.js"},"./index.js"]}}',
        "node_modules/chosen/index.js": "exports.default = 'default'",
        "node_modules/chosen/sync.mjs": "export default 'module-sync'"
      })
      assert.strictEqual(out, "> module-sync")
    })
  )

  it.scoped("the packages of a workspace with links, and a member with a file of its own", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { bundle } = yield* Bundle.Bundler
      const file = yield* Workspace.write({
        "apps/api/greet.ts": text(
          'import { prompt } from "@app/prompts"\nimport lib from "lib"\nconsole.log(">", prompt, lib)'
        ),
        "package.json": '{"private":true,"workspaces":["apps/*","packages/*"]}',
        "apps/api/package.json": '{"name":"api","type":"module"}',
        "packages/prompts/package.json": '{"name":"@app/prompts","type":"module","exports":"./index.ts"}',
        "packages/prompts/index.ts":
          'import { readFileSync } from "node:fs"\nexport const prompt: string = readFileSync(new URL("./p.txt", import.meta.url), "utf8")',
        "packages/prompts/p.txt": "prompt",
        "node_modules/.store/lib@1/node_modules/lib/package.json": '{"name":"lib","version":"1.0.0"}',
        "node_modules/.store/lib@1/node_modules/lib/index.js": "module.exports = require('dep') + __dirname.length * 0",
        "node_modules/.store/dep@1/node_modules/dep/package.json": '{"name":"dep","version":"1.0.0"}',
        "node_modules/.store/dep@1/node_modules/dep/index.js": "module.exports = 7"
      })
      const root = file.replace("/apps/api/greet.ts", "")
      yield* fs.makeDirectory(`${root}/apps/api/node_modules/@app`, { recursive: true })
      yield* fs.symlink("../../../../packages/prompts", `${root}/apps/api/node_modules/@app/prompts`)
      yield* fs.symlink("../../../node_modules/.store/lib@1/node_modules/lib", `${root}/apps/api/node_modules/lib`)
      yield* fs.symlink("../../dep@1/node_modules/dep", `${root}/node_modules/.store/lib@1/node_modules/dep`)
      const made = yield* bundle({ file })
      yield* empty(root)
      assert.strictEqual(yield* load(made), "> prompt 7")
      assert.strictEqual(made.contents?.workingDirectory, "files/apps/api")
    })
  )
})

layer(Workspace.layer)("the code of a pipeline in a bundle", (it) => {
  it.scoped("is never the main module", () =>
    Effect.gen(function* () {
      const out = yield* printed({
        "greet.ts": text(`
import { pathToFileURL } from "node:url"
declare const require: any, module: any
if (import.meta.url === pathToFileURL(process.argv[1]!).href || process.argv[1] === import.meta.filename) process.exit(3)
if (require.main === module) process.exit(4)
console.log(">", typeof require, typeof module, typeof require !== "undefined" && require.main === module)`)
      })
      assert.strictEqual(out, "> undefined undefined false")
    })
  )

  it.scoped("imports what is not installed only when it gets there, and is warned of it", () =>
    Effect.gen(function* () {
      const { bundle } = yield* bundled({
        "greet.ts": text(`
const load = (name = "not-" + "there") => import(name)
const optional = () => import("not-installed")
console.log(">", await load().catch(() => "computed"), await optional().catch(() => "literal"))`)
      })
      assert.strictEqual(yield* load(bundle), "> computed literal")
      const [computed, missing] = bundle.warnings ?? []
      assert.match(computed?.location ?? "", /greet\.ts:\d+:\d+$/)
      assert.include(computed?.reason ?? "", "`external`")
      assert.include(missing?.reason ?? "", "npm install not-installed")
    })
  )

  it.scoped("the files other than code that a package exports", () =>
    Effect.gen(function* () {
      const exports = {
        ".": "./index.cjs",
        "./theme": [{ style: "./theme.css" }],
        "./missing": "./missing.css",
        "./*": "./*"
      }
      const printedText = yield* printed(
        {
          "greet.ts": text(`
import { readFileSync } from "node:fs"
import { at } from "sheets"
const name = ["theme", "css"].join(".")
console.log("> " + readFileSync(new URL(name, "file://" + at + "/"), "utf8"))`),
          "node_modules/sheets/package.json": JSON.stringify({ name: "sheets", version: "1.0.0", exports }),
          "node_modules/sheets/index.cjs": "exports.at = module.path",
          "node_modules/sheets/theme.css": "a { color: red }"
        },
        { external: ["sheets"] }
      )
      assert.strictEqual(printedText, "> a { color: red }")
    })
  )

  it.scoped("imports a package by a computed name that external gives", () =>
    Effect.gen(function* () {
      const files = {
        "greet.ts": text('const name = ["li", "b"].join("")\nconsole.log(">", (await import(name)).default)'),
        "node_modules/lib/package.json": '{"name":"lib","version":"1.0.0"}',
        "node_modules/lib/index.js": "module.exports = 'lib'"
      }
      assert.strictEqual(yield* printed(files, { external: ["lib"] }), "> lib")
    })
  )

  it.scoped("imports files by loaders, reads assets, and has definitions, conditions and a preload", () =>
    Effect.gen(function* () {
      const out = yield* printed(
        {
          "greet.ts": text(`
import { readdirSync, readFileSync } from "node:fs"
import bytes from "./b.bin"
import path from "./c.html"
import q from "./q.sql"
import lib from "lib"
declare const VERSION: string
console.log(">", q, bytes.length, readFileSync(path, "utf8"), readdirSync(process.cwd() + "/prompts").join(), VERSION, lib,
  (globalThis as any).preloaded, process.execArgv.includes("--no-warnings"))`),
          "q.sql": "select 1",
          "b.bin": "1234",
          "c.html": "<p>",
          "prompts/a.txt": "",
          "preload.mjs": "globalThis.preloaded = 'first'",
          "node_modules/lib/package.json":
            '{"name":"lib","version":"1.0.0","exports":{"special":"./special.js","default":"./index.js"}}',
          "node_modules/lib/index.js": "module.exports = 'plain'",
          "node_modules/lib/special.js": "module.exports = 'special'"
        },
        {
          loader: { ".sql": "text", ".bin": "binary", ".html": "file" },
          assets: ["prompts/**"],
          define: { VERSION: '"1.2"' },
          conditions: ["special"],
          import: ["./preload.mjs"],
          nodeOption: ["--no-warnings"]
        }
      )
      assert.strictEqual(out, "> select 1 4 <p> a.txt 1.2 special first true")
    })
  )

  it.scoped("gives bundle settings with Pipeline.make", () =>
    Effect.gen(function* () {
      const bundler = yield* Bundle.Bundler
      const file = yield* Workspace.write({
        "greet.ts": `import q from "./q.sql"\n${Workspace.greeting.replace("run:", 'settings: { loader: { ".sql": "text" } },\n  run:')}\nconsole.log(">", q)`,
        "q.sql": "select 1"
      })
      const { bundle, spec } = yield* Bundle.withPipelineSettings(bundler, { file })
      assert.deepStrictEqual(spec.bundling, { loader: { ".sql": "text" } })
      assert.strictEqual(yield* load(bundle), "> select 1")
    })
  )

  it.scoped.each([
    [{ assets: ["promts/**"] }, 'assets: "promts/**" matches no file below'],
    [{ assets: ["key.pem"] }, "it is named like a key"],
    [{ assets: ["/etc/passwd"] }, "must be relative to the folder of the project's package.json"],
    [{ nodeOption: ["--inspect=0.0.0.0"] }, "is reserved"],
    [{ import: ["./nowhere.mjs"] }, "there is no file"],
    [{ loader: { sql: "text" } }, '"sql" must be a file extension with its dot'],
    [{ external: ["./x"] }, "must be the name of a package"]
  ] as const)("refuses settings that cannot be right: %j", ([settings, reason]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        bundled({ "greet.ts": Workspace.greeting, "key.pem": "" }, settings as Settings.BundlingInput)
      )
      assert.include(error.message, reason)
    })
  )

  it.scoped("refuses an import of a file without a loader, also when the pipeline names another loader", () =>
    Effect.gen(function* () {
      const bundler = yield* Bundle.Bundler
      const file = yield* Workspace.write({
        "greet.ts": `import "./a.csv"\n${Workspace.greeting.replace("run:", 'settings: { loader: { ".sql": "text" } },\n  run:')}`,
        "a.csv": "a"
      })
      const error = yield* Effect.flip(Bundle.withPipelineSettings(bundler, { file }))
      assert.include(error.message, '".csv" files have no loader')
    })
  )
})

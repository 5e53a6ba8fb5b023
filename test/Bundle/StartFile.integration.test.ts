// A program does the same whether it is run as the module it is or by its start file.
import { Command, FileSystem, Path } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream, TestClock } from "effect"
import { Bundle, Home } from "effect-deployers"
import { names } from "../../src/Bundle/Names.js"
import { draftPrefix } from "../../src/Bundle/SharedFiles.js"
import * as StartFile from "../../src/Bundle/StartFile.js"
import * as Workspace from "./Workspace.js"

const text = (bytes: Stream.Stream<Uint8Array, unknown>) => Stream.mkString(Stream.decodeText(Stream.orDie(bytes)))

const run = (...args: readonly [string, ...ReadonlyArray<string>]) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { exitCode, stderr, stdout } = yield* Command.start(Command.make(process.execPath, ...args))
      const [out, err, code] = yield* Effect.all([text(stdout), text(stderr), exitCode], { concurrency: "unbounded" })
      return { out, err, code: Number(code) }
    })
  )

/** The output of the module and of its start file. */
const both = (main: string, files: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = yield* Workspace.write({ "main.mjs": main, ...files })
    const start = path.join(path.dirname(file), "start.mjs")
    const made = yield* StartFile.make(new TextEncoder().encode(main), "main.mjs")
    yield* fs.writeFileString(start, made)
    return [yield* run(file, "argument"), yield* run(start, "argument")] as const
  })

const expectSame = (main: string, files?: Record<string, string>) =>
  Effect.gen(function* () {
    const [module, script] = yield* both(main, files)
    assert.deepStrictEqual(script, module)
    return module
  })

const imports = {
  "other.mjs": 'export default "default"; export const named = "named"; export { named as "a string" }',
  "plain.cjs": 'console.log("plain is evaluated"); module.exports = { one: 1 }'
}

layer(Workspace.layer)("StartFile.make", (it) => {
  it.scoped("binds what every kind of import statement declares", () =>
    Effect.gen(function* () {
      const main = [
        'import"./plain.cjs";import byDefault from"./other.mjs";import*as all from"./other.mjs";',
        'import{named,named as from}from"./other.mjs";import again,{named as another}from"./other.mjs";',
        "import most,*as rest from './other.mjs';import   { default as   spaced }   from   './plain.cjs' ;",
        'import{sep}from"node:path";import{}from"node:fs";',
        "console.log(byDefault,Object.keys(all),named,from,again,another,most,rest===all,spaced.one,sep)"
      ].join("")
      const { out } = yield* expectSame(main, imports)
      assert.strictEqual(
        out,
        "plain is evaluated\ndefault [ 'a string', 'default', 'named' ] named named default named default true 1 /\n"
      )
    })
  )

  it.scoped("runs what is allowed in modules only, and means the same by what is not", () =>
    Effect.gen(function* () {
      const { out } = yield* expectSame(
        [
          "console.log(typeof this,(function(){return this})()===undefined,process.argv[2]);",
          "const waited=await Promise.resolve(1);for await(const each of[2])console.log(waited,each);",
          'const{named}=await import("./other.mjs");console.log(named,import.meta.url===new URL("main.mjs",import.meta.url).href,',
          'import.meta.filename.endsWith("main.mjs"),import.meta.dirname.length>1,import.meta.resolve("./a.js")===',
          'new URL("a.js",import.meta.url).href);try{undeclared=1}catch(error){console.log(error.name)}',
          "console.log(hoisted());function hoisted(){return 'hoisted'}"
        ].join(""),
        imports
      )
      assert.include(out, "undefined true argument\n1 2\nnamed true true true true")
    })
  )

  it.scoped("keeps positions, also of a program with several lines and letters of any kind", () =>
    Effect.gen(function* () {
      const main = [
        'import{sep}from"node:path";const fail=()=>{throw new Error("hier: ä 名 🎈"+sep)};',
        'const   later =\n  () => fail();import*as os from"node:os"',
        'try{later(import.meta)}catch(error){console.log(error.stack.split("\\n").slice(0,4).join("\\n"),os.EOL.length)}'
      ].join("\n")
      const { out } = yield* expectSame(main)
      assert.match(
        out,
        /hier: ä 名 🎈\/\n {4}at fail \(file:.*main\.mjs:1:\d+\)\n {4}at later \(file:.*main\.mjs:3:\d+\)/
      )
    })
  )

  it.scoped("ends as the module does on an uncaught error", () =>
    Effect.gen(function* () {
      const thrown = yield* both('console.log("begun");throw new TypeError("thrown at the top")')
      assert.deepStrictEqual(
        thrown.map(({ code, out }) => [code, out]),
        [
          [1, "begun\n"],
          [1, "begun\n"]
        ]
      )
      for (const { err } of thrown) assert.match(err, /TypeError: thrown at the top\n {4}at file:.*main\.mjs:1:/)
      yield* expectSame("process.exitCode=3;await new Promise(setImmediate);console.log('waited')")
    })
  )

  it.effect.each([
    "export const a=1",
    'import{"a string"as a}from"./other.mjs";console.log(a)',
    'import{\nsep}from"node:path";console.log(sep)',
    'console.log(`${"never closed',
    'import data from"./data.json"with{type:"json"};console.log(data)',
    "const $startMeta$=1;console.log($startMeta$)"
  ])("only imports a program that cannot be run so: %s", (main) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* StartFile.make(new TextEncoder().encode(main), "main.mjs"), 'import "./main.mjs"\n')
    })
  )

  it.scoped("which does the same", () =>
    expectSame('import{"a string"as a}from"./other.mjs";console.log(a,process.argv.length)', imports)
  )
})

/** Says on standard error of each script whether V8 had a cache for it and took it. */
const spy = `
const vm = require("node:vm")
const Script = vm.Script
vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options)
    process.stderr.write("cache " + (options.cachedData !== undefined) + ", refused " + this.cachedDataRejected + "\\n")
  }
}
require("node:module").syncBuiltinESMExports()
`

layer(Workspace.layer)("the code cache of a bundle", (it) => {
  const described = (files: Record<string, string>) =>
    Effect.gen(function* () {
      const { bundle, describe } = yield* Bundle.Bundler
      const made = yield* bundle({ file: yield* Workspace.write(files) })
      yield* describe(made)
      return made
    })
  const cacheOf = ({ directory }: Bundle.Bundle) => `${directory}/${names.codeCache}`
  const described0 = (name: string) => described({ "greet.ts": Workspace.imports + Workspace.pipeline(name) })

  it.scoped("is made with the first description, for its owner only, and is taken from then on", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bundle = yield* described0("cached")
      const { mode, mtime } = yield* fs.stat(cacheOf(bundle))
      assert.strictEqual(mode & 0o777, 0o600)

      const preload = `${yield* fs.makeTempDirectoryScoped()}/spy.cjs`
      yield* fs.writeFileString(preload, spy)
      const start = (...flags: ReadonlyArray<string>) =>
        run("--require", preload, ...flags, `${bundle.directory}/start.mjs`, "describe")
      const plain = yield* start()
      assert.deepStrictEqual([plain.code, plain.err], [0, "cache true, refused false\n"])
      assert.include(plain.out, '"cached"')
      // A limit of the heap is a flag of V8, which refuses caches made under other flags.
      assert.strictEqual((yield* start("--max-old-space-size=300")).err, "cache true, refused false\n")

      yield* Effect.flatMap(Bundle.Bundler, ({ describe }) => describe(bundle))
      assert.deepStrictEqual((yield* fs.stat(cacheOf(bundle))).mtime, mtime)
      assert.deepStrictEqual((yield* fs.readDirectory(bundle.directory)).sort(), [
        names.codeCache,
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
    })
  )

  it.scoped("is made beside what follows where a program asks for it, and is there when the bundler ends", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* Workspace.write({ "greet.ts": Workspace.imports + Workspace.pipeline("beside") })
      const made = yield* Effect.gen(function* () {
        const { bundle, describe } = yield* Bundle.make
        const made = yield* bundle({ file })
        yield* Effect.provideService(describe(made), Bundle.CodeCaching, "beside")
        return made
      }).pipe(Effect.scoped)
      assert.isTrue(yield* fs.exists(cacheOf(made)))
    })
  )

  it.scoped("has its drafts in the home, where the next bundle removes those of a process that was killed", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { bundles } = yield* Home.Home
      const file = yield* Workspace.write({ "greet.ts": Workspace.imports + Workspace.pipeline("drafts") })
      const drafts: Array<FileSystem.MakeTempDirectoryOptions | undefined> = []
      const recording: FileSystem.FileSystem = {
        ...fs,
        makeTempDirectoryScoped: (options) => {
          drafts.push(options)
          return fs.makeTempDirectoryScoped(options)
        }
      }
      const left = `${bundles}/${draftPrefix}left`
      yield* fs.makeDirectory(left, { recursive: true })
      yield* fs.utimes(left, 0, 0)
      yield* TestClock.adjust("2 hours")
      yield* Effect.gen(function* () {
        const { bundle, describe } = yield* Bundle.make
        yield* describe(yield* bundle({ file }))
      }).pipe(Effect.scoped, Effect.provideService(FileSystem.FileSystem, recording))
      // The bundle's own, and that of the process that makes its code cache.
      assert.strictEqual(drafts.filter((options) => options?.directory === bundles).length, 2)
      assert.deepStrictEqual([...new Set(drafts.map((options) => options?.prefix))], [draftPrefix])
      assert.isFalse(yield* fs.exists(left))
    })
  )

  it.scoped("is also found beside the manifest that is served", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bundle = yield* described0("told")
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${folder}/spy.cjs`, spy)
      yield* fs.rename(cacheOf(bundle), `${folder}/${names.codeCache}`)
      const start = (command: string, ...rest: ReadonlyArray<string>) =>
        run("--require", `${folder}/spy.cjs`, `${bundle.directory}/start.mjs`, command, ...rest)
      assert.include((yield* start("serve", `${folder}/manifest.json`)).err, "cache true, refused false\n")
      assert.include((yield* start("describe")).err, "cache false, refused undefined\n")
    })
  )

  it.scoped("from another place gives no program with files the file name of that place", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bundle = yield* described({
        "greet.ts": [
          Workspace.imports,
          'import { readFileSync } from "node:fs"',
          'export const note = readFileSync(new URL("./note.txt", import.meta.url), "utf8")',
          'console.error("at", new Error().stack)',
          Workspace.pipeline("moved")
        ].join("\n"),
        "note.txt": "a note"
      })
      const folder = yield* Effect.flatMap(fs.makeTempDirectoryScoped(), fs.realPath)
      yield* fs.copy(bundle.directory, `${folder}/app`)
      yield* fs.rename(`${folder}/app/${names.codeCache}`, `${folder}/${names.codeCache}`)
      const { err } = yield* run(`${folder}/app/start.mjs`, "serve", `${folder}/manifest.json`)
      assert.include(err, `file://${folder}/app/main.mjs`)
      assert.notInclude(err, bundle.directory)
    })
  )

  it.scoped("that is damaged or missing changes nothing but the time a start takes", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bundle = yield* described0("damaged")
      const start = run(`${bundle.directory}/start.mjs`, "describe")
      const whole = yield* start
      const cache = yield* fs.readFile(cacheOf(bundle))
      const withOtherByte = (at: number) => cache.map((byte, index) => (index === at ? byte ^ 0x55 : byte))
      for (const damaged of [
        new Uint8Array(),
        new Uint8Array(2_000_000),
        cache.subarray(0, cache.length / 2),
        ...[0, 72, 700_000, cache.length - 40_000].map(withOtherByte),
        cache.map((byte, index) => (index >= 600_000 && index < 604_096 ? 0 : byte))
      ]) {
        yield* fs.writeFile(cacheOf(bundle), damaged)
        assert.deepStrictEqual(yield* start, whole)
      }
      yield* fs.remove(cacheOf(bundle))
      assert.deepStrictEqual(yield* start, whole)
    })
  )

  it.scoped("is made without running anything of the pipeline", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const traces = `${yield* fs.makeTempDirectoryScoped()}/traces`
      const trace = (what: string) => `appendFileSync(${JSON.stringify(traces)}, "${what} ")`
      const bundle = yield* described({
        "greet.ts": [
          'import { appendFileSync } from "node:fs"',
          'import { Effect, Layer, Schema } from "effect"',
          'import { Pipeline } from "effect-deployers"',
          trace("loaded"),
          `const warm = Layer.effectDiscard(Effect.sync(() => ${trace("warmed")}))`,
          'export const greet = Pipeline.provide(Pipeline.make("greet", {',
          "  input: Schema.Struct({ name: Schema.String }),",
          "  output: Schema.String,",
          `  run: ({ name }) => Effect.sync(() => { ${trace("run")}; return name })`,
          "}), warm)"
        ].join("\n")
      })
      assert.isTrue(yield* fs.exists(cacheOf(bundle)))
      assert.strictEqual(yield* fs.readFileString(traces), "loaded loaded ")
    })
  )

  it.scoped("is missing without a failure when the program cannot be rehearsed", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bundle = yield* described({
        "greet.ts": `if (process.argv[2] === "rehearse") throw new Error("not now")\n${Workspace.imports}${Workspace.pipeline("shy")}`
      })
      assert.isFalse(yield* fs.exists(cacheOf(bundle)))
    })
  )
})

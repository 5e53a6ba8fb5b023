import { fileURLToPath } from "node:url"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Bundle, Snapshot } from "effect-deployers"
import { InMemoryDeployer } from "effect-deployers/Testing"
import * as Workspace from "./Workspace.js"

const installed = (name: string) => fileURLToPath(new URL(`../../node_modules/${name}`, import.meta.url))

/** A project with TypeScript and types of Node; the path of its first file. */
const project = (files: Record<string, string>, packages: ReadonlyArray<string> = ["typescript", "@types/node"]) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = yield* Workspace.write({ ...files, "package.json": '{ "name": "mine", "type": "module" }' })
    const root = file.slice(0, -(Object.keys(files)[0]?.length ?? 0))
    for (const name of packages) {
      const link = path.join(root, "node_modules", name)
      yield* fs.makeDirectory(path.dirname(link), { recursive: true })
      yield* fs.symlink(installed(name), link)
    }
    return { file, root }
  })

const check = (file: string) => Effect.flatMap(Bundle.TypeChecker.TypeChecker, (checker) => checker.check({ file }))

const errorsOf = (file: string) =>
  Effect.map(Effect.flip(check(file)), ({ problems, total }) => ({
    total,
    codes: problems.map(({ code, location }) => `${code} ${location.slice(location.lastIndexOf("/") + 1)}`)
  }))

const tsconfig = (compilerOptions: object, more: object = {}) =>
  JSON.stringify({
    compilerOptions: { target: "es2022", module: "nodenext", skipLibCheck: true, ...compilerOptions },
    ...more
  })

const wrong = 'export const n: number = "a"\n'
const World = Layer.provideMerge(Bundle.TypeChecker.layer, NodeContext.layer)

layer(World, { excludeTestServices: true, timeout: "3 minutes" })("a type check", (it) => {
  it.scoped("finds the errors of the files that the pipeline reaches, and no others", () =>
    Effect.gen(function* () {
      const { file, root } = yield* project({
        "src/p.ts": 'import { n } from "./n.js"\nexport const s: string = n\n',
        "src/n.ts": wrong,
        "src/unrelated.ts": "export const u: boolean = 1\n",
        "tsconfig.json": tsconfig({ strict: true, outDir: "dist", rootDir: "src", declaration: true, composite: true })
      })
      assert.deepStrictEqual(yield* errorsOf(file), { total: 2, codes: ["TS2322 n.ts:1:14", "TS2322 p.ts:2:14"] })
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${root}/src/n.ts`, 'export const n: string = "a"\n')
      yield* check(file)
      yield* fs.writeFileString(`${root}/src/n.ts`, wrong)
      assert.strictEqual((yield* errorsOf(file)).total, 2)
      assert.deepStrictEqual((yield* fs.readDirectory(root)).sort(), [
        "node_modules",
        "package.json",
        "src",
        "tsconfig.json"
      ])
    })
  )

  it.scoped("reads the project's own settings, declarations and types of packages", () =>
    Effect.gen(function* () {
      const { file } = yield* project({
        "app/p.ts": [
          'import picture from "./picture.svg"',
          'import { readFileSync } from "node:fs"',
          'import { deep } from "@/deep.js"',
          "const unused = 1",
          "export const loose = (x) => [picture, readFileSync(x), deep, known]"
        ].join("\n"),
        "app/deep.ts": "export const deep: string | null = null\nexport const s: string = null\n",
        "types/globals.d.ts":
          'declare module "*.svg" { const url: string; export default url }\ndeclare const known: number\n',
        "tsconfig.json": tsconfig({ strict: false, noUnusedLocals: true, paths: { "@/*": ["./app/*"] } })
      })
      yield* check(file)
    })
  )

  it.scoped("has defaults for a project without settings, in which imports need no extension", () =>
    Effect.gen(function* () {
      const { file } = yield* project({
        "p.ts":
          'import { n } from "./n"\nimport { m } from "./m.ts"\nexport const f = (x) => n + m + x\nexport const s: string = n\n',
        "n.ts": "export const n = 1\n",
        "m.ts": "export const m = 1\n"
      })
      assert.deepStrictEqual(yield* errorsOf(file), { total: 1, codes: ["TS2322 p.ts:4:14"] })
    })
  )

  it.scoped("checks JavaScript only where the settings say so", () =>
    Effect.gen(function* () {
      const js = "/** @type {number} */\nexport const n = 'a'\n"
      const plain = yield* project({ "p.js": js, "tsconfig.json": tsconfig({}) })
      yield* check(plain.file)
      const checked = yield* project({ "p.mjs": js, "tsconfig.json": tsconfig({ checkJs: true }) })
      assert.deepStrictEqual(yield* errorsOf(checked.file), { total: 1, codes: ["TS2322 p.mjs:2:14"] })
    })
  )

  it.scoped("passes in a project without TypeScript, and with settings that its TypeScript does not know", () =>
    Effect.gen(function* () {
      yield* check((yield* project({ "p.ts": wrong }, [])).file)
      yield* check("/nowhere/p.ts")
      const odd = yield* project({ "p.ts": "export const n = 1\n", "tsconfig.json": tsconfig({ fromTheFuture: true }) })
      yield* check(odd.file)
    })
  )

  it.scoped("shows twenty errors and counts the rest", () =>
    Effect.gen(function* () {
      const lines = Array.from({ length: 23 }, (_, index) => `export const n${index}: number = "a"`)
      const { file } = yield* project({ "p.ts": lines.join("\n") })
      const error = yield* Effect.flip(check(file))
      assert.deepStrictEqual([error.problems.length, error.total], [20, 23])
      assert.include(error.message, "and 3 more")
    })
  )

  it.scoped("uses the options of the sources when the settings only name others", () =>
    Effect.gen(function* () {
      const { file } = yield* project({
        "src/p.ts": "export const s: string = null\n",
        "tsconfig.json": JSON.stringify({ files: [], references: [{ path: "./tsconfig.app.json" }] }),
        "tsconfig.app.json": tsconfig({ strict: true }, { include: ["src"] })
      })
      assert.deepStrictEqual(yield* errorsOf(file), { total: 1, codes: ["TS2322 p.ts:1:14"] })
    })
  )

  it.scoped("stops Snapshot.fromFile, which has none by default", () =>
    Effect.gen(function* () {
      const text = `${Workspace.greeting}\nexport const n: number = "a"\n`
      const { file } = yield* project({ "p.ts": text }, ["typescript", "@types/node", "effect"])
      const error = yield* Effect.flip(Snapshot.fromFile(file))
      assert.strictEqual(error._tag, "PipelineTypeErrors")
      const plain = yield* Effect.provide(Snapshot.fromFile(file), Bundle.TypeChecker.layerNone)
      assert.strictEqual(plain.pipelineName, "greet")
      const missing = yield* Effect.flip(Snapshot.fromFile(`${file}.missing.ts`))
      assert.strictEqual(missing._tag, "PipelineFileNotFound")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})

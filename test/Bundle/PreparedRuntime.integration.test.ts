import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it, layer } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { Bundle } from "effect-deployers"
import * as PreparedRuntime from "../../src/Bundle/PreparedRuntime.js"
import * as Workspace from "./Workspace.js"

const described = (files: Record<string, string>) =>
  Effect.gen(function* () {
    const bundler = yield* Bundle.Bundler
    const bundle = yield* bundler.bundle({ file: yield* Workspace.write(files) })
    return { bundle, spec: (yield* bundler.describe(bundle)).spec }
  })

const withCache = (cache: string) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["XDG_CACHE_HOME", cache]])))

const effectModule = (name: string) =>
  Effect.map(Path.Path, (path) => path.resolve(`node_modules/effect/dist/esm/${name}.js`))

layer(Workspace.layer)("prepared modules", (it) => {
  it.scoped("are in the cache of the user, once for all bundles", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* fs.makeTempDirectoryScoped()
      const own = withCache(cache)
      const one = yield* own(described({ "greet.ts": Workspace.greeting }))
      const folders = yield* fs.readDirectory(`${cache}/effect-deployers/modules`)
      expect(folders).toHaveLength(1)
      yield* own(described({ "other.ts": Workspace.imports + Workspace.pipeline("other") }))
      expect(yield* fs.readDirectory(`${cache}/effect-deployers/modules`)).toStrictEqual(folders)

      const map = yield* fs.readFileString(`${one.bundle.main}.map`)
      expect(map).toContain("effect/dist/esm/Effect~deployers.mjs")
      expect(map).not.toMatch(/effect\/dist\/esm\/Effect\.js|effect\/src\/Effect\.ts/)
    })
  )

  it.scoped("are not needed: a folder that cannot be written changes nothing that a caller sees", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      const { bundle, spec } = yield* withCache(file)(described({ "greet.ts": Workspace.greeting }))
      expect(spec.name).toBe("greet")
      expect(yield* fs.readFileString(`${bundle.main}.map`)).not.toContain("~deployers")
    })
  )

  it.scoped("are left aside where a module names an original by its path, so that no module is there twice", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const option = yield* effectModule("Option")
      const text = [
        `import * as Original from ${JSON.stringify(option)}`,
        'import { Option } from "effect"',
        'if (Original.isSome !== Option.isSome) throw new Error("two copies")',
        Workspace.greeting
      ].join("\n")
      const { bundle, spec } = yield* described({ "greet.ts": text })
      expect(spec.name).toBe("greet")
      expect(yield* fs.readFileString(`${bundle.main}.map`)).not.toContain("~deployers")
    })
  )

  it.scoped("are the same by the barrel of a package and by the name of a module", () =>
    Effect.gen(function* () {
      const withImport = (statement: string) =>
        `${statement}\n${Workspace.imports}export const note = HttpApiSchema.annotations({ status: 404 })\n${Workspace.pipeline("greet")}`
      const barrel = yield* described({ "a.ts": withImport('import { HttpApiSchema } from "@effect/platform"') })
      const deep = yield* described({
        "a.ts": withImport('import * as HttpApiSchema from "@effect/platform/HttpApiSchema"')
      })
      expect(barrel.bundle.digest).toBe(deep.bundle.digest)
    })
  )

  it.scoped("have the packages that few pipelines use", () =>
    Effect.gen(function* () {
      const text = [
        'import { Arbitrary, FastCheck } from "effect"',
        Workspace.imports,
        "const [sample] = FastCheck.sample(Arbitrary.make(Schema.Literal('drawn')), 1)",
        'if (sample !== "drawn") throw new Error("nothing was drawn")',
        Workspace.pipeline("draw")
      ].join("\n")
      const { bundle, spec } = yield* described({ "draw.ts": text })
      expect(spec.name).toBe("draw")
      const fs = yield* FileSystem.FileSystem
      expect(yield* fs.readFileString(bundle.main)).not.toMatch(/from\s*"fast-check"/)
    })
  )
})

describe("the patterns for plugins", () => {
  it.each(["./a.js", "../a.js", "/a.js", "./", "..//a.js", ".//a.js", "/"])("see the import of %s", (specifier) => {
    expect(PreparedRuntime.otherPath.test(specifier)).toBe(true)
  })

  it.each([".///a.js", ".///../../a.js"])("do not see the import of %s", (specifier) => {
    expect(PreparedRuntime.otherPath.test(specifier)).toBe(false)
  })

  it.each(["/a.mjs", "/deployers.mjs", "/x~deployer.mjs", "/a.ts", "/a.cjs", "/a~deployers.js", "/a.d.mts", "/s.jsx"])(
    "see the file %s",
    (file) => {
      expect(PreparedRuntime.otherModule.test(file)).toBe(true)
    }
  )

  it.each(["/effect/Effect~deployers.mjs", "/a.css"])("do not see the file %s", (file) => {
    expect(PreparedRuntime.otherModule.test(file)).toBe(false)
  })
})

layer(NodeContext.layer)("a change of conditions", (it) => {
  it.scoped("makes other modules", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* fs.makeTempDirectoryScoped()
      const own = withCache(cache)
      yield* own(PreparedRuntime.make([]))
      yield* own(PreparedRuntime.make(["special"]))
      expect(yield* fs.readDirectory(`${cache}/effect-deployers/modules`)).toHaveLength(2)
    })
  )
})

import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as Packages from "../../src/Bundle/Packages.js"

/** A package with the given manifest and files; gives the path of a module in it. */
const install = (manifest: object, ...files: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fs.makeTempDirectoryScoped()
    yield* fs.writeFileString(path.join(directory, "package.json"), JSON.stringify({ name: "p", ...manifest }))
    for (const file of files) {
      yield* fs.makeDirectory(path.join(directory, path.dirname(file)), { recursive: true })
      yield* fs.writeFileString(path.join(directory, file), "")
    }
    return path.join(directory, "lib", "deep", "index.js")
  })

const isNative = (manifest: object, ...files: ReadonlyArray<string>) =>
  Effect.map(Effect.flatMap(install(manifest, ...files), Packages.ownerOf), (owner) => Option.getOrThrow(owner).native)

describe("Packages.nameOf", () => {
  it("reads the package from a specifier", () => {
    expect(Packages.nameOf("effect")).toBe("effect")
    expect(Packages.nameOf("effect/Effect")).toBe("effect")
    expect(Packages.nameOf("@effect/platform/HttpClient")).toBe("@effect/platform")
  })

  it("finds none in paths, aliases and URLs", () => {
    const paths = ["./a", "../a", "/a/b", "#internal", "@/alias", "~/alias", "data:text/javascript,1", "node:fs"]
    expect(paths.map(Packages.nameOf)).toStrictEqual(paths.map(() => undefined))
  })
})

describe("Packages.ownerOf", () => {
  it.scoped("is the nearest folder whose manifest has a name", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const module = yield* install({ name: "outer", version: "1.2.3" }, "lib/package.json", "lib/deep/index.js")
      yield* fs.writeFileString(path.join(module, "../../package.json"), '{"type":"module"}')
      const owner = Option.getOrThrow(yield* Packages.ownerOf(module))
      expect(owner).toMatchObject({ name: "outer", version: "1.2.3", native: false })
      expect(owner.directory).toBe(path.resolve(module, "../../.."))
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("recognises native packages by their declarations and content", () =>
    Effect.gen(function* () {
      expect(yield* isNative({ gypfile: true })).toBe(true)
      expect(yield* isNative({ dependencies: { bindings: "1" } })).toBe(true)
      expect(yield* isNative({ dependencies: { "node-gyp-build": "1" } })).toBe(true)
      expect(yield* isNative({ dependencies: { "prebuild-install": "1" } })).toBe(true)
      expect(yield* isNative({ optionalDependencies: { "@img/sharp-linux-x64": "1" } })).toBe(true)
      expect(yield* isNative({}, "binding.gyp")).toBe(true)
      expect(yield* isNative({}, "prebuilds/linux-x64/p.node")).toBe(true)
      expect(yield* isNative({}, "p.node")).toBe(true)
      expect(yield* isNative({}, "build/Release/p.node")).toBe(true)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("leaves plain packages alone", () =>
    Effect.gen(function* () {
      expect(yield* isNative({})).toBe(false)
      expect(yield* isNative({ gypfile: false, dependencies: { lodash: "1" } }, "build/index.js")).toBe(false)
      expect(yield* isNative({ optionalDependencies: { fsevents: "1" } })).toBe(false)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

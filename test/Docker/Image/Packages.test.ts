import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { manifests } from "../../../src/Docker/Image/Lockfile.js"
import { filesOf } from "../../../src/Docker/Image/PackageFiles.js"
import * as Packages from "../../../src/Docker/Image/Packages.js"

type Tree = { readonly [path: string]: string | object }

/** A folder with `node_modules` as described; objects are `package.json` files without their usual fields. */
const project = (tree: Tree) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-packages-" }))
    for (const [path, content] of Object.entries(tree)) {
      const file = typeof content === "string" ? `${root}/${path}` : `${root}/${path}/package.json`
      const name = path.split("node_modules/").at(-1)
      yield* fs.makeDirectory(file.slice(0, file.lastIndexOf("/")), { recursive: true })
      yield* fs.writeFileString(
        file,
        typeof content === "string" ? content : JSON.stringify({ name, version: "1.0.0", ...content })
      )
    }
    return root
  })

const nested: Tree = {
  "node_modules/addon": { version: "3.1.0", dependencies: { helper: "^2.0.0", "prebuild-install": "^7" } },
  "node_modules/other": {
    dependencies: { helper: "^1.0.0" },
    optionalDependencies: {
      "@x/other-linux-x64": "1.0.0",
      "@x/other-linux-arm64": "1.0.0",
      "@x/other-darwin-arm64": "1.0.0"
    }
  },
  "node_modules/other/node_modules/helper": { version: "1.0.0" },
  "node_modules/helper": { version: "2.0.0", dependencies: { addon: "*" } },
  "node_modules/prebuild-install": { dependencies: {} },
  "node_modules/@x/other-linux-x64": {},
  "node_modules/unrelated": {}
}

const wanted = [
  { name: "addon", version: "3.1.0" },
  { name: "other", version: "1.0.0" }
]

describe("installed", () => {
  it.scoped("finds packages through links, in the version the bundle was made with", () =>
    Effect.gen(function* () {
      const root = yield* project(nested)
      const [addon] = yield* Packages.installed(root, wanted)
      assert.strictEqual(addon?.directory, `${root}/node_modules/addon`)
      const newer = yield* Effect.flip(Packages.installed(root, [{ name: "addon", version: "3.2.0" }]))
      assert.include(newer.message, "needs addon@3.2.0, which is installed here as 3.1.0")
      const missing = yield* Effect.flip(Packages.installed(root, [{ name: "nothing-of-that-name", version: "1.0.0" }]))
      assert.include(missing.message, "is not installed here")
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.effect("finds the driver of the run store", () =>
    Effect.gen(function* () {
      const driver = yield* Packages.storeDriver
      assert.strictEqual(Option.getOrThrow(driver).name, "better-sqlite3")
      const [found] = yield* Packages.installed("/nowhere", [Option.getOrThrow(driver)])
      assert.match(found?.directory ?? "", /node_modules\/better-sqlite3$/)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("closure", () => {
  it.scoped("places packages so that each finds what it finds here, without tools", () =>
    Effect.gen(function* () {
      const root = yield* project(nested)
      const placed = yield* Packages.closure(yield* Packages.installed(root, wanted))
      assert.deepStrictEqual(placed.map(({ place, version }) => `${place} ${version}`).sort(), [
        "node_modules/@x/other-linux-x64 1.0.0",
        "node_modules/addon 3.1.0",
        "node_modules/helper 2.0.0",
        "node_modules/other 1.0.0",
        "node_modules/other/node_modules/helper 1.0.0"
      ])
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("manifests", () => {
  it.scoped("pin every package that runs on Linux, on any platform", () =>
    Effect.gen(function* () {
      const root = yield* project(nested)
      const roots = yield* Packages.installed(root, wanted)
      const { packageJson, packageLock } = manifests(roots, yield* Packages.closure(roots, { withTools: true }))
      assert.deepStrictEqual(JSON.parse(packageJson).dependencies, { addon: "3.1.0", other: "1.0.0" })
      const { lockfileVersion, packages } = JSON.parse(packageLock)
      assert.strictEqual(lockfileVersion, 3)
      assert.deepStrictEqual(packages[""].dependencies, { addon: "3.1.0", other: "1.0.0" })
      assert.deepStrictEqual(packages["node_modules/@x/other-linux-arm64"], {
        version: "1.0.0",
        optional: true,
        os: ["linux"],
        cpu: ["arm64"]
      })
      assert.notProperty(packages, "node_modules/@x/other-darwin-arm64")
      assert.deepStrictEqual(packages["node_modules/other"].optionalDependencies, {
        "@x/other-linux-x64": "1.0.0",
        "@x/other-linux-arm64": "1.0.0"
      })
      assert.strictEqual(packages["node_modules/prebuild-install"].version, "1.0.0")
      assert.strictEqual(packages["node_modules/other/node_modules/helper"].version, "1.0.0")
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("filesOf", () => {
  it.scoped("takes what runs, and neither sources nor credentials nor what is behind links out of the package", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* project({
        "node_modules/addon": {},
        "node_modules/addon/lib/index.js": "",
        "node_modules/addon/lib/types.d.ts": "",
        "node_modules/addon/build/Release/addon.node": "",
        "node_modules/addon/build/Release/obj/x.node": "",
        "node_modules/addon/build/config.gypi": "",
        "node_modules/addon/src/addon.cc": "",
        "node_modules/addon/LICENSE": "",
        "node_modules/addon/.env": "canary",
        "node_modules/addon/.npmrc": "canary",
        "node_modules/addon/test/key.pem": "canary",
        "node_modules/addon/node_modules/inner/index.js": "",
        "secret.txt": "canary"
      })
      yield* fs.symlink(`${root}/secret.txt`, `${root}/node_modules/addon/lib/leak.js`)
      yield* fs.symlink("index.js", `${root}/node_modules/addon/lib/alias.js`)
      yield* fs.symlink("/etc", `${root}/node_modules/addon/etc`)
      const [addon] = yield* Packages.closure(yield* Packages.installed(root, [{ name: "addon", version: "1.0.0" }]))
      assert.isDefined(addon)
      const files = yield* filesOf("/app", addon)
      assert.deepStrictEqual(files.map(({ path }) => path.slice("/app/node_modules/addon/".length)).sort(), [
        "LICENSE",
        "build/Release/addon.node",
        "lib/alias.js",
        "lib/index.js",
        "package.json"
      ])
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

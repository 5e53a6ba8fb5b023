import { execFileSync } from "node:child_process"
import { realpathSync } from "node:fs"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as Elf from "../../../src/Docker/Image/Elf.js"
import { complete } from "../../../src/Docker/Image/Entry.js"
import * as HostBase from "../../../src/Docker/Image/HostBase.js"
import { none } from "../../../src/Docker/Image/HostExtras.js"
import * as Libraries from "../../../src/Docker/Image/Libraries.js"

const node: HostBase.HostNode = {
  program: process.execPath,
  version: process.versions.node,
  platform: process.platform,
  architecture: process.arch
}

describe("this machine's Node", () => {
  it.effect("needs the libraries that the loader itself loads for it", () =>
    Effect.gen(function* () {
      const { interpreters, libraries, missing } = yield* Libraries.needs([process.execPath])
      const loaded = execFileSync("ldd", [realpathSync(process.execPath)], { encoding: "utf8" })
      const expected = [...loaded.matchAll(/=> (\/\S+)/g)].map(([, file = ""]) => realpathSync(file)).sort()
      assert.deepStrictEqual(
        libraries
          .filter(({ name }) => !name.startsWith("ld-"))
          .map(({ file }) => realpathSync(file))
          .sort(),
        expected
      )
      assert.isEmpty(missing)
      assert.strictEqual(interpreters.length, 1)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.effect("makes a base with nothing in it that can be run but Node", () =>
    Effect.gen(function* () {
      const base = yield* HostBase.describe(node)
      const again = yield* HostBase.describe(node)
      assert.strictEqual(base.fingerprint, again.fingerprint)
      const programs = base.entries.filter(({ _tag, path }) => _tag === "File" && /\/s?bin\//.test(path))
      assert.deepStrictEqual(
        programs.map(({ path }) => path),
        ["/usr/bin/node"]
      )
      const byPath = new Map(complete(base.entries).map((entry) => [entry.path, entry]))
      assert.strictEqual(byPath.get("/tmp")?.mode, 0o1777)
      assert.isTrue(byPath.has("/etc/passwd"))
      assert.strictEqual(base.environment["NODE_ENV"], "production")
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("a base that was looked for before", () => {
  it.scoped("is looked for again only when a file of it has changed", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-node-" }))
      const program = `${folder}/node`
      yield* fs.symlink(process.execPath, program)
      const look = yield* HostBase.remembered({ ...node, program })
      const first = yield* look(none)
      assert.deepStrictEqual(first, yield* HostBase.describe({ ...node, program }))
      assert.strictEqual(yield* look(none), first)

      const copy = `${folder}/copy`
      yield* fs.copyFile(process.execPath, copy)
      const copied = yield* HostBase.remembered({ ...node, program: copy })
      const before = yield* copied(none)
      yield* fs.utimes(copy, 1, 1)
      const after = yield* copied(none)
      assert.notStrictEqual(after.fingerprint, before.fingerprint)
      assert.strictEqual(yield* copied(none), after)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("read", () => {
  it.scoped("has nothing to say of files that are no programs, or broken ones", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-elf-" })
      const file = `${folder}/file`
      const head = (yield* fs.readFile(realpathSync(process.execPath))).subarray(0, 64)
      for (const content of [new Uint8Array(), new TextEncoder().encode("#!/bin/sh"), head.subarray(0, 63)]) {
        yield* fs.writeFile(file, content)
        assert.isTrue(Option.isNone(yield* Elf.read(file)))
      }
      yield* fs.writeFile(file, head)
      assert.deepStrictEqual(Option.getOrThrow(yield* Elf.read(file)).needed, [])
      const wild = Uint8Array.from(head)
      wild.fill(0xff, 0x20, 0x28)
      yield* fs.writeFile(file, wild)
      assert.deepStrictEqual(
        Option.map(yield* Elf.read(file), ({ needed }) => needed),
        Option.some([])
      )
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.effect("refuses a Node that is not for Linux", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(HostBase.describe({ ...node, platform: "darwin" }))
      assert.strictEqual(error._tag, "HostUnusable")
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

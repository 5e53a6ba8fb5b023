import { createHash } from "node:crypto"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { Entry, text } from "../../../src/Docker/Image/Entry.js"
import { writeLayer } from "../../../src/Docker/Image/LayerTar.js"
import { entriesOf } from "./tar.js"

const folder = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "effect-deployers-tar-" })
)

describe("writeLayer", () => {
  it.scoped("gives the same bytes for the same entries, at any time and in any order", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      const big = new Uint8Array(3_000_000).fill(7)
      yield* fs.writeFile(`${at}/one`, big, { mode: 0o600 })
      yield* fs.writeFile(`${at}/two`, big, { mode: 0o755 })
      yield* fs.utimes(`${at}/two`, 1000, 1000)
      const entries = (source: string) => [
        text("/app/main.mjs", "hello"),
        Entry.File({ path: "/app/big", mode: 0o644, source, size: big.length }),
        text(`/app/${"long/".repeat(60)}ünïcode`, ""),
        Entry.Folder({ path: "/tmp", mode: 0o1777 })
      ]
      const first = yield* writeLayer(`${at}/first.tar`, entries(`${at}/one`))
      const second = yield* writeLayer(`${at}/second.tar`, entries(`${at}/two`).reverse())
      assert.strictEqual(first.diffId, second.diffId)
      const bytes = yield* fs.readFile(first.file)
      assert.strictEqual(bytes.length, first.bytes)
      assert.strictEqual(first.diffId, `sha256:${createHash("sha256").update(bytes).digest("hex")}`)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("G39: writes folders before what is in them, without times and owners of this machine", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      const layer = yield* writeLayer(`${at}/layer.tar`, [
        text("/app/data/x", "x"),
        Entry.Folder({ path: "/tmp", mode: 0o1777 }),
        text("/app/data/x", "newer")
      ])
      const found = yield* entriesOf(yield* fs.readFile(layer.file))
      assert.deepStrictEqual(
        found.map(({ content, header }) => [header.name, header.type, header.mode, content.toString()]),
        [
          ["app", "directory", 0o755, ""],
          ["app/data", "directory", 0o755, ""],
          ["app/data/x", "file", 0o644, "newer"],
          ["tmp", "directory", 0o1777, ""]
        ]
      )
      for (const { header } of found) {
        assert.deepStrictEqual([header.uid, header.gid, header.mtime?.getTime(), header.uname], [0, 0, 0, ""])
      }
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("fails when a file changed or went away meanwhile", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const at = yield* folder
      yield* fs.writeFileString(`${at}/file`, "12345")
      for (const size of [4, 6]) {
        const entry = Entry.File({ path: "/x", mode: 0o644, source: `${at}/file`, size })
        const result = yield* Effect.either(writeLayer(`${at}/layer.tar`, [entry]))
        assert.isTrue(Either.isLeft(result), `size ${size}`)
      }
      const gone = Entry.File({ path: "/x", mode: 0o644, source: `${at}/gone`, size: 1 })
      assert.strictEqual((yield* Effect.flip(writeLayer(`${at}/layer.tar`, [gone])))._tag, "ArchiveFailed")
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

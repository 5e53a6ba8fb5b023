import { createHash } from "node:crypto"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Stream } from "effect"
import { Artifacts } from "effect-deployers"
import { ArtifactFiles } from "effect-deployers/Store"

const bytes = new TextEncoder().encode('{"a":1}')
const digest = createHash("sha256").update(bytes).digest("hex")

const inFolder = <A, E>(
  use: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, Artifacts.ArtifactStore>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = `${yield* fs.makeTempDirectoryScoped()}/artifacts`
    return yield* Effect.provide(use(folder, fs), ArtifactFiles.layer(folder))
  }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

describe("the files of artifacts", () => {
  it.live("keep a content until it is removed, for their owner alone, and leave no draft", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const store = yield* Artifacts.ArtifactStore
        assert.isTrue(Option.isNone(yield* store.get(digest)))
        yield* Effect.all([store.put(digest, bytes), store.put(digest, bytes)], { concurrency: "unbounded" })
        assert.deepStrictEqual(Buffer.from(Option.getOrThrow(yield* store.get(digest))), Buffer.from(bytes))
        const files = yield* fs.readDirectory(folder, { recursive: true })
        assert.deepStrictEqual(files.sort(), [digest.slice(0, 2), `${digest.slice(0, 2)}/${digest}`])
        for (const file of files) assert.strictEqual((yield* fs.stat(`${folder}/${file}`)).mode & 0o077, 0)
        yield* store.remove(digest)
        yield* store.remove(digest)
        assert.isTrue(Option.isNone(yield* store.get(digest)))
      })
    )
  )
  it.live("replace a half content, and refuse what is not a digest", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const store = yield* Artifacts.ArtifactStore
        yield* store.put(digest, bytes)
        yield* fs.writeFile(`${folder}/${digest.slice(0, 2)}/${digest}`, bytes.slice(0, 3))
        yield* store.put(digest, bytes)
        assert.strictEqual(Option.getOrThrow(yield* store.get(digest)).byteLength, bytes.byteLength)
        for (const odd of ["../../etc/passwd", "", digest.toUpperCase()]) {
          assert.strictEqual((yield* Effect.flip(store.get(odd)))._tag, "ArtifactStoreError")
        }
      })
    )
  )
  it.live("take and give a content in parts, and keep nothing of one that breaks off", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const { get, getStream, putStream, remove } = yield* Artifacts.ArtifactStore
        if (putStream === undefined || getStream === undefined)
          return assert.fail("files are read and written in parts")
        const slices = Stream.fromIterable(bytes).pipe(Stream.map((byte) => Uint8Array.of(byte)))
        const broken = Stream.concat(Stream.take(slices, 3), Stream.dieMessage("broken"))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(putStream(digest, broken, bytes.length))))
        assert.isTrue(Option.isNone(yield* getStream(digest, { start: 0, length: 0 })))
        assert.deepStrictEqual(yield* fs.readDirectory(`${folder}/${digest.slice(0, 2)}`), [])
        yield* putStream(digest, slices, bytes.length)
        assert.deepStrictEqual(Buffer.from(Option.getOrThrow(yield* get(digest))), Buffer.from(bytes))
        // A content that is there is not read again.
        yield* putStream(digest, Stream.dieMessage("read"), bytes.length)
        assert.strictEqual((yield* fs.stat(`${folder}/${digest.slice(0, 2)}/${digest}`)).mode & 0o077, 0)
        const part = (start: number, length: number) =>
          Effect.flatMap(getStream(digest, { start, length }), (found) =>
            Effect.map(Stream.runCollect(Option.getOrThrow(found)), (all) => Buffer.concat([...all]).toString())
          )
        assert.deepStrictEqual([yield* part(0, 7), yield* part(1, 3), yield* part(2, 0)], ['{"a":1}', '"a"', ""])
        const late = Option.getOrThrow(yield* getStream(digest, { start: 0, length: 7 }))
        yield* remove(digest)
        const error = yield* Effect.flip(Stream.runDrain(late))
        assert.deepInclude({ ...error }, { _tag: "ArtifactStoreError", operation: "get" })
      })
    )
  )
  it.live("fail as a typed error where they cannot be written", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        yield* fs.writeFileString(folder, "a file in the place of the folder")
        const store = yield* Artifacts.ArtifactStore
        const error = yield* Effect.flip(store.put(digest, bytes))
        assert.deepInclude({ ...error }, { _tag: "ArtifactStoreError", operation: "put", digest })
      })
    )
  )
})

import type { FileSystem } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { InMemoryFileSystem } from "effect-deployers/Testing"

const withFiles = <A, E>(use: (fs: FileSystem.FileSystem) => Effect.Effect<A, E>) =>
  Effect.flatMap(InMemoryFileSystem.make, use)

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe("InMemoryFileSystem", () => {
  it.effect("returns the bytes that were written, as bytes and as text", () =>
    withFiles((fs) =>
      Effect.gen(function* () {
        yield* fs.makeDirectory("/home", { recursive: true })
        const bytes = new Uint8Array([0, 255, 200])
        yield* fs.writeFile("/home/cache", bytes)
        yield* fs.writeFileString("/home/note", "grün")
        assert.deepStrictEqual([...(yield* fs.readFile("/home/cache"))], [...bytes])
        assert.strictEqual(yield* fs.readFileString("/home/note"), "grün")
        assert.strictEqual(Number((yield* fs.stat("/home/note")).size), 5)
      })
    )
  )

  it.effect("appends with the flag a, and streams a part of a file", () =>
    withFiles((fs) =>
      Effect.gen(function* () {
        yield* fs.writeFileString("/log", "one\n", { flag: "a" })
        yield* fs.writeFileString("/log", "two\n", { flag: "a" })
        const part = yield* Stream.runCollect(fs.stream("/log", { offset: 4, bytesToRead: 3 }))
        assert.strictEqual(text(Buffer.concat([...Chunk.toReadonlyArray(part)])), "two")
      })
    )
  )

  it.effect("renames a folder with its content", () =>
    withFiles((fs) =>
      Effect.gen(function* () {
        yield* fs.makeDirectory("/a/inner", { recursive: true })
        yield* fs.writeFileString("/a/inner/file", "content")
        yield* fs.rename("/a", "/b")
        assert.strictEqual(yield* fs.readFileString("/b/inner/file"), "content")
        assert.isFalse(yield* fs.exists("/a/inner"))
        assert.deepStrictEqual(yield* fs.readDirectory("/"), ["b"])
      })
    )
  )

  it.effect("fails with NotFound where a folder or a file is missing", () =>
    withFiles((fs) =>
      Effect.gen(function* () {
        yield* fs.writeFileString("/file", "")
        const failures = yield* Effect.forEach(
          [
            fs.writeFile("/missing/file", new Uint8Array()),
            fs.readFile("/missing"),
            fs.rename("/missing", "/other"),
            fs.rename("/file", "/missing/file"),
            fs.remove("/missing"),
            Stream.runDrain(fs.stream("/missing"))
          ],
          (operation) => Effect.flip(operation)
        )
        assert.deepStrictEqual(
          failures.map((error) => (error._tag === "SystemError" ? error.reason : error._tag)),
          Array.from({ length: 6 }, () => "NotFound")
        )
      })
    )
  )
})

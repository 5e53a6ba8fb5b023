import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { documents } from "../../src/Docker/Client/EngineRequests.js"
import { makeLineReader } from "../../src/Internal/Lines.js"

const readAll = (reader: ReturnType<typeof makeLineReader>, pieces: ReadonlyArray<Uint8Array>) => [
  ...pieces.flatMap((piece) => [...reader.push(piece)]),
  ...reader.end()
]

const bytesOf = (text: string) => new TextEncoder().encode(text)

const cutEvery = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))

describe("Lines", () => {
  it("reads the same lines however the bytes are cut", () => {
    const text = "añ €\r\n\n😀 tail\r\nno end"
    for (const size of [1, 2, 3, 5, 1_000]) {
      assert.deepStrictEqual(readAll(makeLineReader(), cutEvery(bytesOf(text), size)), [
        "añ €",
        "",
        "😀 tail",
        "no end"
      ])
    }
  })

  it("cuts long lines, but no character in half", () => {
    const lines = readAll(makeLineReader(5), [bytesOf("abcd😀efghij\nk")])
    assert.strictEqual(lines.join(""), "abcd😀efghijk")
    for (const line of lines) {
      assert.isAtMost(line.length, 5)
      assert.notMatch(line, /\p{Surrogate}/u)
    }
  })

  it("keeps no more of an endless line than a piece", () => {
    const reader = makeLineReader(10)
    assert.strictEqual(reader.push(bytesOf("x".repeat(1_005))).length, 100)
    assert.deepStrictEqual(reader.end(), ["xxxxx"])
  })

  it.effect("passes over empty documents", () =>
    Effect.gen(function* () {
      const read = yield* Stream.runCollect(documents(Stream.make(bytesOf('{"a":'), bytesOf("1}\r\n\r\n{}"))))
      assert.deepStrictEqual(Chunk.toReadonlyArray(read), ['{"a":1}', "{}"])
    })
  )
})

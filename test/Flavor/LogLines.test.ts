import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { makeLineReader } from "../../src/Flavor/LogLines.js"
import { maxLineLength } from "../../src/Internal/Lines.js"

const bytes = (text: string) => new TextEncoder().encode(text)

const readBytewise = (text: string) => {
  const reader = makeLineReader()
  const lines = [...bytes(text)].flatMap((byte) => reader.push(Uint8Array.of(byte)))
  return [...lines, ...reader.end()].map((line) => line.text)
}

describe("makeLineReader", () => {
  it("keeps characters whole that are cut between chunks", () => {
    assert.deepStrictEqual(readBytewise("grün\n漢字🦉\n"), ["grün", "漢字🦉"])
  })

  it("takes LF and CRLF, keeps empty lines, and gives a last line without end", () => {
    assert.deepStrictEqual(readBytewise("a\r\n\r\nb\n\nc"), ["a", "", "b", "", "c"])
    assert.deepStrictEqual(readBytewise("a\r"), ["a"])
    assert.deepStrictEqual(readBytewise(""), [])
  })

  it("survives bytes that are no text", () => {
    const reader = makeLineReader()
    assert.deepStrictEqual(
      reader.push(Uint8Array.of(0xff, 0xfe, 10)).map(({ text }) => text),
      ["\ufffd\ufffd"]
    )
  })

  it("bounds the length of a line without splitting a character", () => {
    const reader = makeLineReader()
    const lines = reader.push(bytes(`x${"🦉".repeat(maxLineLength)}\nshort\n`)).map(({ text }) => text)
    assert.isTrue(lines.every((line) => line.length <= maxLineLength && !/^[\udc00-\udfff]/.test(line)))
    assert.strictEqual(lines.slice(0, -1).join(""), `x${"🦉".repeat(maxLineLength)}`)
    assert.strictEqual(lines.at(-1), "short")
  })

  it("does not keep more of an endless line than its bound", () => {
    const reader = makeLineReader()
    const given = Array.from({ length: 10 }, () => reader.push(bytes("y".repeat(maxLineLength)))).flat()
    assert.strictEqual(given.length, 9)
  })

  it("takes the time of a JSON line, and that of the line before for others", () => {
    const reader = makeLineReader()
    const lines = reader.push(
      bytes(
        [
          "not JSON",
          '{"timestamp":"2026-01-02T03:04:05.678Z","message":"a"}',
          "  at stack",
          '{"date":1700000000000}',
          '{"timestamp":"never"}',
          "{ not json"
        ].join("\n")
      )
    )
    const times = [...lines, ...reader.end()].map(({ at }) => (at === undefined ? undefined : DateTime.formatIso(at)))
    const first = "2026-01-02T03:04:05.678Z"
    const second = "2023-11-14T22:13:20.000Z"
    assert.deepStrictEqual(times, [undefined, first, first, second, second, second])
  })
})

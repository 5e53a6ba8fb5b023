import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { makeFrameReader, makeTerminalReader } from "../../../src/Docker/Client/Frames.js"

const frame = (stream: number, text: string | Uint8Array) => {
  const payload = Buffer.from(text)
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

const readAll = (reader: ReturnType<typeof makeFrameReader>, bytes: Uint8Array, size: number) => {
  const lines = []
  for (let from = 0; from < bytes.length; from += size) lines.push(...reader.push(bytes.subarray(from, from + size)))
  return [...lines, ...reader.end()].map(({ at, stream, text }) => [
    stream,
    at === undefined ? undefined : DateTime.formatIso(at),
    text
  ])
}

const sizes = [1, 3, 7, 8, 9, 64, 100_000]
const stamp = "2026-01-02T03:04:05.678901234Z"
const at = "2026-01-02T03:04:05.678Z"

describe("Frames", () => {
  it("separates the streams, wherever the bytes are cut", () => {
    const bytes = Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(1, ""), frame(1, "two\nthree\n")])
    for (const size of sizes) {
      assert.deepStrictEqual(readAll(makeFrameReader(false), bytes, size), [
        ["stdout", undefined, "out"],
        ["stderr", undefined, "err"],
        ["stdout", undefined, "two"],
        ["stdout", undefined, "three"]
      ])
    }
  })

  it("takes the time off every frame, also within a line", () => {
    const bytes = Buffer.concat([
      frame(1, `${stamp} first `),
      frame(2, `${stamp} between\n`),
      frame(1, `${stamp} second\n`)
    ])
    for (const size of sizes) {
      assert.deepStrictEqual(readAll(makeFrameReader(true), bytes, size), [
        ["stderr", at, "between"],
        ["stdout", at, "first second"]
      ])
    }
  })

  it("joins characters that are cut by the border of two frames", () => {
    const euro = Buffer.from("€")
    const bytes = Buffer.concat([
      frame(1, Buffer.concat([Buffer.from(`${stamp} `), euro.subarray(0, 1)])),
      frame(1, Buffer.concat([Buffer.from(`${stamp} `), euro.subarray(1)]))
    ])
    for (const size of sizes) {
      assert.deepStrictEqual(readAll(makeFrameReader(true), bytes, size), [["stdout", at, "€"]])
    }
  })

  it("reads what is no frame as text, and a frame that is cut off as far as it goes", () => {
    assert.deepStrictEqual(readAll(makeFrameReader(false), Buffer.from("plain text\n"), 4), [
      ["stdout", undefined, "plain text"]
    ])
    assert.deepStrictEqual(readAll(makeFrameReader(false), frame(2, "whole\n").subarray(0, 11), 4), [
      ["stderr", undefined, "who"]
    ])
  })

  it("reads any bytes without throwing", () => {
    let seed = 7
    const next = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed
    }
    for (let round = 0; round < 200; round++) {
      const bytes = Uint8Array.from({ length: 50 }, () => (next() >> 16) % 4)
      assert.doesNotThrow(() => readAll(makeFrameReader(round % 2 === 0), bytes, 1 + (round % 13)))
    }
  })

  it("reads a terminal line by line", () => {
    assert.deepStrictEqual(readAll(makeTerminalReader(true), Buffer.from(`${stamp} one\r\n${stamp} two\r\n`), 5), [
      ["stdout", at, "one"],
      ["stdout", at, "two"]
    ])
    assert.deepStrictEqual(readAll(makeTerminalReader(false), Buffer.from("one\r\n"), 5), [
      ["stdout", undefined, "one"]
    ])
  })
})

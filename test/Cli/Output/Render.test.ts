import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { FastCheck, Option } from "effect"
import { parseMillis, parseMoment } from "../../../src/Cli/Common.js"
import * as Render from "../../../src/Cli/Output/Render.js"
import * as Table from "../../../src/Cli/Output/Table.js"
import { version } from "../../../src/Internal/Version.js"

// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/

describe("Render", () => {
  it("G16 G19: leaves no control character but tab", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ unit: "binary" }), (text) => {
        expect(Render.clean(text)).not.toMatch(control)
        const json = Render.json({ text })
        expect(json.replaceAll("\n", "")).not.toMatch(control)
        expect(JSON.parse(json)).toEqual({ text })
        expect(JSON.parse(Render.jsonLine({ text }))).toEqual({ text })
      })
    )
    expect(Render.clean("a\tb\u001b[31m")).toBe("a\tb\\x1b[31m")
  })

  it("aligns columns, wide characters too", () => {
    expect(
      Table.draw(
        false,
        ["NAME", "STATUS"],
        [
          ["日本", "running"],
          ["a", "error"]
        ]
      )
    ).toBe("NAME  STATUS\n日本  running\na     error")
    expect(Table.draw(true, ["STATUS"], [["running"]])).toContain("\u001b[32mrunning\u001b[0m")
  })

  it("leaves out columns and cuts the last one in a narrow terminal", () => {
    const rows = [["weather", "running", "http://127.0.0.1:40833", "1"]]
    const draw = (columns: number | undefined) =>
      Table.draw(false, ["NAME", "STATUS", "URL", "GEN"], rows, { columns, giveWay: ["GEN", "STATUS"] })
    expect(draw(undefined)).toBe(draw(80))
    expect(draw(45)).toContain("GEN")
    expect(draw(44)).toBe("NAME     STATUS   URL\nweather  running  http://127.0.0.1:40833")
    expect(draw(31)).toBe("NAME     URL\nweather  http://127.0.0.1:40833")
    expect(draw(20)).toBe("NAME     URL\nweather  http://127…")
    expect(draw(10)).toBe(draw(31))
  })

  it("G13: quotes words for a shell", () => {
    expect(["plain-1", "it's", ""].map(Render.shellWord)).toEqual(["plain-1", "'it'\\''s'", "''"])
  })

  it("shows durations in their unit", () => {
    expect([0.4, 999, 1_500, 61_000].map(Render.duration)).toEqual(["0.4ms", "999ms", "1.5s", "1m1s"])
  })
})

describe("durations and moments", () => {
  it("are read as people write them", () => {
    const read = (text: string) => Option.getOrUndefined(parseMillis(text))
    expect(["500ms", "30s", "2m", "1.5h", "1d", "5", "-1s", "0s", "s"].map(read)).toEqual([
      500,
      30_000,
      120_000,
      5_400_000,
      86_400_000,
      undefined,
      undefined,
      undefined,
      undefined
    ])
    const moment = (text: string) => Option.getOrUndefined(parseMoment(text, 1_000_000))
    expect(["10s", "1970-01-01T00:00:01Z", "noon"].map(moment)).toEqual([990_000, 1_000, undefined])
  })
})

it("prints the version of the package", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
    version: string
  }
  expect(version).toBe(manifest.version)
})

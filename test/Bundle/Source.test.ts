import { describe, expect, it } from "@effect/vitest"
import { Bundle } from "effect-deployers"

describe("Bundle.parseSource", () => {
  it("takes a file alone", () => {
    expect(Bundle.parseSource("examples/weather.ts")).toStrictEqual({ file: "examples/weather.ts" })
  })

  it("takes the export after the last #", () => {
    expect(Bundle.parseSource("weather.ts#rain")).toStrictEqual({ file: "weather.ts", export: "rain" })
    expect(Bundle.parseSource("weather.ts#default")).toStrictEqual({ file: "weather.ts", export: "default" })
    expect(Bundle.parseSource("c#/weather.ts#größe$_1")).toStrictEqual({ file: "c#/weather.ts", export: "größe$_1" })
  })

  it("leaves a # in a file name alone", () => {
    expect(Bundle.parseSource("c#/weather.ts")).toStrictEqual({ file: "c#/weather.ts" })
    expect(Bundle.parseSource("a#b.ts")).toStrictEqual({ file: "a#b.ts" })
    expect(Bundle.parseSource("weather.ts#")).toStrictEqual({ file: "weather.ts#" })
  })
})

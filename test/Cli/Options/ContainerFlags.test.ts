import * as Path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { parseVolume } from "../../../src/Cli/Options/ContainerFlags.js"

describe("--volume", () => {
  it.each([
    ["/srv/models:/models:ro", { _tag: "bind", source: "/srv/models", target: "/models", readOnly: true }],
    ["./models:/models", { _tag: "bind", source: Path.resolve("models"), target: "/models", readOnly: false }],
    ["cache:/cache", { _tag: "volume", name: "cache", target: "/cache", readOnly: false }],
    ["cache:/cache:rw", { _tag: "volume", name: "cache", target: "/cache", readOnly: false }]
  ] as const)("reads %s", (text, volume) => {
    assert.deepStrictEqual(parseVolume(text), Option.some(volume))
  })

  it.each(["/models", "a:b:c", ":/x", "a:"])("refuses %s", (text) => {
    assert.isTrue(Option.isNone(parseVolume(text)))
  })
})

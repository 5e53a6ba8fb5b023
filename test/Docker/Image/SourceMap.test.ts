import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Packages from "../../../src/Bundle/Packages.js"
import { withoutPlaces } from "../../../src/Docker/Image/SourceMap.js"

const sourcesIn = (folder: string, sources: ReadonlyArray<string | null>) =>
  Option.map(withoutPlaces(JSON.stringify({ version: 3, sources, mappings: "AAAA" }), folder), (map) => JSON.parse(map))

describe("withoutPlaces", () => {
  it("names sources by package, by this library, or within the project", () => {
    const map = sourcesIn("/home/me/.effect-deployers/bundles/abc", [
      "../../../work/app/src/pipeline.ts",
      "../../../work/app/lib/model.ts",
      "required:better-sqlite3",
      "../../../work/app/node_modules/.pnpm/effect@3/node_modules/effect/src/Effect.ts",
      `../../../../..${Packages.libraryRoot}/Pipeline.ts`,
      null
    ])
    assert.deepStrictEqual(Option.getOrThrow(map), {
      version: 3,
      sources: [
        "src/pipeline.ts",
        "lib/model.ts",
        "required:better-sqlite3",
        "node_modules/effect/src/Effect.ts",
        "effect-deployers/Pipeline.ts",
        null
      ],
      mappings: "AAAA"
    })
  })

  it("gives the same map wherever the project lies", () => {
    const one = sourcesIn("/a/bundles/x", ["../../one/main.ts", "../../one/deep/b.ts"])
    const two = sourcesIn("/elsewhere/bundles/x", ["../../../two/three/main.ts", "../../../two/three/deep/b.ts"])
    assert.deepStrictEqual(one, two)
  })

  it("drops what is no map", () => {
    assert.isTrue(Option.isNone(withoutPlaces("{", "/")))
  })
})

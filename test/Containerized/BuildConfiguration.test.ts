import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { buildConfiguration, canonicalJson, checksum, imageName } from "../../src/Containerized/BuildConfiguration.js"
import { ImageReference } from "../../src/Containerized/ImageReference.js"
import { requirements } from "../../src/Containerized/Requirements.js"
import { resolvedSettings, snapshotOf } from "./fixtures.js"

const driver = { name: "better-sqlite3", version: "12.11.1" }
const sumOf = (settings: Partial<typeof resolvedSettings>, snapshot = snapshotOf({})) =>
  checksum(buildConfiguration(snapshot, { ...resolvedSettings, ...settings }))

describe("requirements", () => {
  it("are the bundle's externals, and the store driver when a SQL store is connected", () => {
    const sharp = { name: "sharp", version: "0.34.1" }
    const snapshot = snapshotOf({ externals: [sharp] })
    assert.deepStrictEqual(requirements(snapshot), [sharp])
    assert.deepStrictEqual(requirements(snapshot, { sqlStore: driver }), [driver, sharp])
  })

  it("keep the version the bundle was tested with", () => {
    const tested = { ...driver, version: "12.0.0" }
    assert.deepStrictEqual(requirements(snapshotOf({ externals: [tested] }), { sqlStore: driver }), [tested])
  })
})

describe("checksum", () => {
  it("changes with everything that goes into the image besides the snapshot, and with nothing else", () => {
    const asset = { path: "a.txt", digest: "1".repeat(64) }
    const sums = [
      sumOf({}),
      sumOf({ platform: "linux/arm64" }),
      sumOf({ base: { _tag: "host", node: "20.20.2", layer: `sha256:${"b".repeat(64)}` } }),
      sumOf({ base: { _tag: "image", reference: ImageReference.make("node:22"), id: "sha256:1", node: "node" } }),
      sumOf({ base: { _tag: "image", reference: ImageReference.make("node:22"), id: "sha256:2", node: "node" } }),
      sumOf({
        base: {
          _tag: "image",
          reference: ImageReference.make("node:22"),
          id: "sha256:2",
          builder: "node:22",
          node: "node"
        }
      }),
      sumOf({ assets: [asset] }),
      sumOf({ assets: [{ ...asset, digest: "2".repeat(64) }] }),
      sumOf({ assets: [{ ...asset, path: "b.txt" }] }),
      sumOf({ sqlStore: driver }),
      sumOf({}, snapshotOf({ externals: [{ name: "sharp", version: "1.0.0" }] }))
    ]
    assert.strictEqual(new Set(sums).size, sums.length)
    assert.strictEqual(sumOf({}), sumOf({}, snapshotOf({ digest: "e".repeat(64), id: "x", pipelineName: "other" })))
    const other = { path: "b.txt", digest: "3".repeat(64) }
    assert.strictEqual(sumOf({ assets: [asset, other] }), sumOf({ assets: [other, asset] }))
  })

  it("stays as it is from one version to the next, or every image would be made again", () => {
    assert.strictEqual(
      sumOf({ sqlStore: driver, assets: [{ path: "a.txt", digest: "1".repeat(64) }] }),
      "e9276eb08f4553eb9d2bc5cb43b3356aa5dd2db1e7e2095840f88aa954fa9b82"
    )
  })

  it("does not depend on the order of keys", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.dictionary(FastCheck.string(), FastCheck.jsonValue()), (record) => {
        const reversed = Object.fromEntries(Object.entries(record).reverse())
        assert.strictEqual(canonicalJson(reversed), canonicalJson(record))
        assert.deepStrictEqual(JSON.parse(canonicalJson(record)), JSON.parse(JSON.stringify(record)))
      })
    )
  })
})

describe("imageName", () => {
  it("is a valid name for an engine, for any name of the pipeline", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ minLength: 1, unit: "grapheme" }), (pipelineName) => {
        assert.match(
          imageName(snapshotOf({ pipelineName }), "c".repeat(64)),
          /^effect-deployers\/[a-z0-9]+(-[a-z0-9]+)*:d{12}-c{12}$/
        )
      })
    )
    assert.strictEqual(
      imageName(snapshotOf({ pipelineName: "Träume" }), "c".repeat(64)).split(":")[0],
      "effect-deployers/tr-ume"
    )
  })
})

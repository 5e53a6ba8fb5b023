import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ImageReference, partsOf, pin } from "../../src/Containerized/ImageReference.js"

const digest = `sha256:${"0".repeat(64)}`
const isReference = Schema.is(ImageReference)

describe("ImageReference", () => {
  it("takes names with a registry, a tag, a digest", () => {
    for (const reference of [
      "node",
      "node:22-slim",
      "localhost:5000/team/app",
      "registry.example.com/a/b_c/d-e:1.2",
      `node@${digest}`,
      `gcr.io/distroless/nodejs22-debian12:nonroot@${digest}`
    ]) {
      assert.isTrue(isReference(reference), reference)
    }
  })

  it("G15: takes nothing that could be more than a name", () => {
    for (const reference of [
      "",
      "Node",
      "node:22 slim",
      "node\nRUN id",
      "node:22\n",
      "\u0024{BASE}",
      "$BASE",
      "node:22 AS x",
      "--platform=linux/arm64 node",
      "node@sha256:00",
      "http://node",
      "node:",
      "/node",
      "node\\",
      `n${"o".repeat(300)}de`
    ]) {
      assert.isFalse(isReference(reference), JSON.stringify(reference))
    }
  })

  it("is pinned once", () => {
    const reference = ImageReference.make("localhost:5000/app:1")
    const pinned = pin(reference, digest)
    assert.strictEqual(pinned, `localhost:5000/app:1@${digest}`)
    assert.deepStrictEqual(partsOf(pinned), { repository: "localhost:5000/app", tag: "1", digest })
    assert.strictEqual(pin(pinned, `sha256:${"1".repeat(64)}`), pinned)
  })
})

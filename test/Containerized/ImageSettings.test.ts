import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { ImageReference } from "../../src/Containerized/ImageReference.js"
import { ImageSettings } from "../../src/Containerized/ImageSettings.js"

const decode = Schema.decodeUnknownEither(ImageSettings)

describe("ImageSettings", () => {
  it("is complete when nothing is said", () => {
    assert.deepStrictEqual(decode({}), Either.right({ assets: [] }))
  })

  it("takes paths inside the project only", () => {
    for (const path of ["model.json", "assets/model.json", "data", ".config/x", "größe.txt", "a..b"]) {
      assert.isTrue(Either.isRight(decode({ assets: [path] })), path)
    }
    for (const path of ["", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", "./a", "a\\b", "a\nb", "C:/x"]) {
      assert.isTrue(Either.isLeft(decode({ assets: [path] })), JSON.stringify(path))
    }
  })

  it("checks the base image and its Node", () => {
    const base = (fields: object) => decode({ base: { _tag: "image", ...fields } })
    assert.deepStrictEqual(Either.getOrThrow(base({ reference: "node:22" })).base, {
      _tag: "image",
      reference: ImageReference.make("node:22"),
      node: "node"
    })
    assert.isTrue(Either.isLeft(base({ reference: "node:22\nUSER root" })))
    assert.isTrue(Either.isLeft(base({ reference: "node:22", node: "node -e" })))
    assert.isTrue(Either.isLeft(base({ reference: "node:22", builder: "$X" })))
  })
})

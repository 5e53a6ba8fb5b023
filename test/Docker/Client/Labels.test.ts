import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import { DeploymentId, DeploymentName } from "../../../src/Deployment.js"
import * as Labels from "../../../src/Docker/Labels.js"

const said = {
  registryId: "registry ü\n=1",
  deploymentId: DeploymentId.make("00000000-0000-7000-8000-000000000001"),
  name: DeploymentName.make("weather"),
  generation: 7,
  deployer: "100% mine",
  snapshotId: "s",
  pipelineName: "weather",
  checksum: "a".repeat(64),
  version: "0.1.0"
}

describe("Labels", () => {
  it("G16: come back as they were, in printable characters only", () => {
    const labels = Labels.ofInstance(said)
    for (const value of Object.values(labels)) assert.match(value, /^[\x20-\x7e]*$/)
    assert.deepStrictEqual(Labels.decodeInstance({ ...labels, other: "\n" }), Option.some(said))
    assert.strictEqual(labels["effect-deployers.generation"], "7")
  })

  it("are not an instance's if one is missing or not valid", () => {
    const labels = Labels.ofInstance(said)
    for (const key of Object.keys(labels)) {
      const { [key]: _, ...rest } = labels
      assert.isTrue(Option.isNone(Labels.decodeInstance(rest)), key)
    }
    for (const generation of ["-1", "1.5", "x", ""]) {
      assert.isTrue(Option.isNone(Labels.decodeInstance({ ...labels, [Labels.keys.generation]: generation })))
    }
  })

  it("distinguish ours from similar ones", () => {
    const labels = Labels.ofInstance(said)
    assert.isTrue(Labels.isOurs(labels, said.registryId))
    assert.isFalse(Labels.isOurs(labels, "another"))
    assert.isFalse(Labels.isOurs({}, said.registryId))
    assert.isTrue(Labels.isInstance(labels, said))
    assert.isFalse(Labels.isInstance(labels, { ...said, generation: 8 }))
    assert.isTrue(Labels.isOurs(Labels.ofShared(said), said.registryId))
    assert.isFalse(Labels.isInstance(Labels.ofShared(said), said))
  })

  it("are found by what they say", () => {
    const labels = Labels.ofInstance(said)
    const filter = Labels.filter(said)
    for (const [key, value] of Object.entries(filter)) assert.strictEqual(labels[key], value)
    assert.strictEqual(Object.keys(Labels.filter({ registryId: "r" })).length, 1)
  })

  it("name containers so that they are host names", () => {
    const name = Labels.containerName({ ...said, generation: 99_999 })
    assert.isAtMost(name.length, 63)
    assert.isTrue(Schema.is(Schema.String.pipe(Schema.pattern(/^[a-z][a-z0-9-]+[a-z0-9]$/)))(name))
  })
})

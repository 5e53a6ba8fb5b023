import { assert, it } from "@effect/vitest"
import { Deployer } from "effect-deployers"
import { previewLines } from "../../src/Cli/Commands/DeployResult.js"

const planWith = (preview: Deployer.Preview | undefined) =>
  new Deployer.Plan({
    action: "replace",
    name: "weather",
    generation: 2,
    snapshot: { id: "s", pipelineName: "weather", version: 2 },
    changes: [],
    gap: false,
    ...(preview === undefined ? {} : { preview })
  })

it("the text of a plan has the objects of the engine, or the reason why it could not be asked", () => {
  const changes = [
    { path: ".spec.a", from: 1, to: "x" },
    { path: ".spec.b", to: true }
  ]
  const objects = [
    { object: "Service weather", action: "change", changes },
    { object: "Deployment weather-g2", action: "create", replaces: "Deployment weather-g1", changes: [], refused: "no" }
  ] as const
  assert.deepStrictEqual(previewLines(planWith({ objects })), [
    "  change Service weather",
    '    .spec.a: 1 -> "x"',
    "    .spec.b: none -> true",
    "  create Deployment weather-g2 in place of Deployment weather-g1",
    "    refused: no"
  ])
  assert.deepStrictEqual(previewLines(planWith({ objects: [], unavailable: "nothing listens there" })), [
    "  objects: unknown, because nothing listens there"
  ])
  assert.isEmpty(previewLines(planWith(undefined)))
})

import { DeployerSuite } from "effect-deployers/Conformance"
import { isLong } from "../Long.js"
import { layerSuite } from "./DockerFixture.js"

DeployerSuite.suite("containers of a real engine", layerSuite())

// In `npm run test:long`; the engine that runs nothing has this suite in every run.
if (isLong) {
  DeployerSuite.suite("containers of a real engine behind a door", layerSuite({ door: true }))
}

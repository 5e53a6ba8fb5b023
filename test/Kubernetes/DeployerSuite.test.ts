import { DeployerSuite } from "effect-deployers/Conformance"
import { isLong } from "../Long.js"
import { layerSuite } from "./KubernetesFakes.js"

DeployerSuite.suite("pods of a cluster that runs nothing", layerSuite())

// In `npm run test:long`: it differs from the first in the URL.
if (isLong) {
  DeployerSuite.suite(
    "pods at a port of the nodes of a cluster that runs nothing",
    layerSuite({ exposure: "nodePort" }),
    { timeLimit: "15 seconds" }
  )
}

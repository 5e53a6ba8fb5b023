import { DeployerSuite } from "effect-deployers/Conformance"
import { layerSuite } from "./KubernetesFakes.js"

DeployerSuite.suite("pods of a cluster that runs nothing", layerSuite())

DeployerSuite.suite(
  "pods at a port of the nodes of a cluster that runs nothing",
  layerSuite({ exposure: "nodePort" }),
  { timeLimit: "15 seconds" }
)

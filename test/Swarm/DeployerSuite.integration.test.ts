import { DeployerSuite } from "effect-deployers/Conformance"
import { layerSuite } from "./SwarmFixture.js"

DeployerSuite.suite("services of a real swarm", layerSuite())

import { DeployerSuite } from "effect-deployers/Conformance"
import { layerSuite } from "./fixture.js"

DeployerSuite.suite("local processes", layerSuite)

import { DeployerSuite } from "effect-deployers/Testing"
import { layerSuite } from "./fixture.js"

DeployerSuite.suite("local processes", layerSuite)

import { DeployerSuite } from "effect-deployers/Testing"
import { layerSuite } from "./DockerFakes.js"

DeployerSuite.suite("containers of an engine that runs nothing", layerSuite)

import { DeployerSuite } from "effect-deployers/Conformance"
import { elsewhere, layerSuite } from "./DockerFakes.js"

DeployerSuite.suite("containers of an engine that runs nothing", layerSuite())

DeployerSuite.suite("containers of an engine of another machine that runs nothing", layerSuite({ host: elsewhere }))

DeployerSuite.suite("containers behind a door", layerSuite({ door: true }))

DeployerSuite.suite("containers behind a door on another machine", layerSuite({ host: elsewhere, door: true }))

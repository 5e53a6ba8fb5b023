import { DeployerSuite } from "effect-deployers/Conformance"
import { layerSuite } from "./DockerFixture.js"

DeployerSuite.suite("containers of a real engine", layerSuite)

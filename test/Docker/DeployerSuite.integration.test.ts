import { DeployerSuite } from "effect-deployers/Testing"
import { layerSuite } from "./DockerFixture.js"

DeployerSuite.suite("containers of a real engine", layerSuite)

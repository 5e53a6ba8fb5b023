import { DeployerSuite, InMemoryDeployer } from "effect-deployers/Testing"

DeployerSuite.suite("in memory", InMemoryDeployer.layerSuite)

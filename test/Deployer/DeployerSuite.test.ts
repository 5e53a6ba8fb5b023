import { DeployerSuite, InMemoryFixture } from "effect-deployers/Conformance"

DeployerSuite.suite("in memory", InMemoryFixture.layer)

import { Layer } from "effect"
import { DeployerSuite, InMemoryFixture } from "effect-deployers/Conformance"
import { layerRemote } from "./fixture.js"

DeployerSuite.suite("on another machine, by its control API", Layer.provideMerge(layerRemote, InMemoryFixture.layer))

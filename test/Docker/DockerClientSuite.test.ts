import { DockerClientSuite } from "../../src/Conformance/index.js"

DockerClientSuite.suite("fake engine", DockerClientSuite.layerFake)

DockerClientSuite.swarmSuite("fake engine", DockerClientSuite.layerFake)

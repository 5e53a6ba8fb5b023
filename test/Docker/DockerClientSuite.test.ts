import { DockerClientSuite } from "../../src/Conformance/index.js"

DockerClientSuite.suite("fake engine", DockerClientSuite.layerFake)

import { DockerClientSuite } from "../../src/Testing/index.js"

DockerClientSuite.suite("fake engine", DockerClientSuite.layerFake)

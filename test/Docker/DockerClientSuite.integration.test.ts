import { Layer } from "effect"
import { DockerClientSuite } from "../../src/Conformance/index.js"
import * as Engine from "./Engine.js"

DockerClientSuite.suite("real engine", Layer.provideMerge(Engine.fixture, Engine.client))

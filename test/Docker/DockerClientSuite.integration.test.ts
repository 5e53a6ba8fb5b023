import { Layer } from "effect"
import { DockerClientSuite } from "../../src/Testing/index.js"
import * as Engine from "./Engine.js"

DockerClientSuite.suite("real engine", Layer.provideMerge(Engine.fixture, Engine.client))

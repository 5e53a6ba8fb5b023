import { Effect, Layer } from "effect"
import { DockerClientSuite } from "../../src/Conformance/index.js"
import * as Engine from "../Docker/Engine.js"
import { shared } from "./SwarmFixture.js"

const client = Layer.unwrapEffect(Effect.map(shared, ({ host }) => Engine.clientOf(host)))

DockerClientSuite.swarmSuite("real swarm", Layer.provideMerge(Engine.fixture, client))

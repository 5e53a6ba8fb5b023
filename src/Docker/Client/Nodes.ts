/** Operations on nodes of a swarm. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type EngineRequests, read } from "./EngineRequests.js"
import type { Nodes } from "./SwarmContract.js"
import { ListedNode, toNode } from "./SwarmDecoders.js"

export const make = (engine: EngineRequests): Nodes => ({
  list: Effect.map(
    read(engine, { operation: "list nodes", method: "GET", path: "/nodes" }, Schema.Array(ListedNode)),
    (listed) => listed.map(toNode)
  )
})

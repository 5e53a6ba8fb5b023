/** The ports at which a door may be published on every node. */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import { DockerClient } from "../../Docker/DockerClient.js"
import { Ports } from "../../Flavor/Ports.js"
import * as Metadata from "../Metadata.js"
import type { Request } from "./Request.js"

/** The fixed port, or ports of the range that no service of the swarm has, best first. */
export const candidates = (request: Request) =>
  Effect.gen(function* () {
    const { host, services } = yield* DockerClient
    const { probe } = yield* Ports
    const { port, portRange } = request.settings
    if (port !== undefined) return [port]
    const { remote } = yield* host
    const taken = new Set((yield* services.list({})).flatMap(({ ports }) => ports.flatMap(({ host }) => host ?? [])))
    const last = Metadata.portOf(request.previous)
    const size = portRange.to - portRange.from + 1
    const offset = Crypto.createHash("sha256").update(request.deploymentId).digest().readUInt32BE() % size
    const inOrder = Array.from(
      { length: Math.min(size, mostLooks) },
      (_, step) => portRange.from + ((offset + step) % size)
    )
    const free: Array<number> = []
    for (const candidate of last === undefined ? inOrder : [last, ...inOrder]) {
      if (free.length === mostAttempts) break
      if (taken.has(candidate)) continue
      // Only the ports of this machine can be probed.
      if (remote || (yield* probe("0.0.0.0", candidate)) !== "taken") free.push(candidate)
    }
    return free
  })

// internal

const mostLooks = 200
const mostAttempts = 5

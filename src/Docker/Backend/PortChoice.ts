/**
 * Which port of the host a container is published at. It is chosen by us and not by the engine, since the engine chooses
 * anew whenever the container starts.
 */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import { Ports } from "../../Flavor/Ports.js"
import * as Metadata from "../Metadata.js"
import type { DockerSettings } from "../Settings.js"

/**
 * Ports to try, best first: the fixed one, or the one of the last generation and then those of the range. Ports that are
 * taken are left out where we can see it; where we cannot, starting the container tells.
 *
 * @param probing whether the ports of this machine are the engine's
 */
export const candidates = (
  request: ProvisionRequest<DockerSettings>,
  probing: boolean
): Stream.Stream<number, never, Ports> => {
  const { address, port, portRange } = request.settings
  if (port !== undefined) return Stream.make(port)
  const kept = Metadata.portOf(request.previous)
  const inRange = rotated(portRange, request.deploymentId)
  const all = Stream.concat(
    kept === undefined ? Stream.empty : Stream.make(kept),
    Stream.filter(inRange, (candidate) => candidate !== kept)
  )
  return probing ? Stream.filterEffect(all, (candidate) => isFree(address, candidate)) : all
}

// internal

const isFree = (address: string, port: number) =>
  Effect.flatMap(Ports, ({ probe }) => Effect.map(probe(address, port), (verdict) => verdict !== "taken"))

/** Deployments begin at different places, so that two that start at once seldom want the same port. */
const rotated = ({ from, to }: DockerSettings["portRange"], deploymentId: string): Stream.Stream<number> => {
  const size = to - from + 1
  const offset = Crypto.createHash("sha256").update(deploymentId).digest().readUInt32BE() % size
  return Stream.map(Stream.range(0, size - 1), (step) => from + ((offset + step) % size))
}

/**
 * The ports of the engine's machine at which containers are published. A port is chosen here: the engine would choose
 * another one at each start.
 */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type DeploymentProvisionFailed, PortUnavailable } from "../../Errors/Lifecycle.js"
import { Ports } from "../../Flavor/Ports.js"
import { DockerClient, type EngineUnreachable } from "../DockerClient.js"
import * as Metadata from "../Metadata.js"
import type { DockerSettings } from "../Settings.js"
import { failed } from "./BackendErrors.js"
import type { Request } from "./ServiceContainer.js"

/** A wish for a port. */
export interface Wish {
  readonly address: string
  /** The only port that will do. */
  readonly fixed: number | undefined
  /** The best port. */
  readonly kept: number | undefined
  /** Decides where the search begins, so that two concurrent starts rarely want the same port. */
  readonly seed: string
}

/** The wish for the port of the URL: the fixed one, or that of the last generation. */
export const forUrl = ({ deploymentId, previous, settings }: Request): Wish => ({
  address: settings.address,
  fixed: settings.port,
  kept: Metadata.portOf(previous),
  seed: deploymentId
})

/** The wish for the port of an instance behind a door. Only the deployer uses it. */
export const forDeployer = ({ deploymentId, generation, settings }: Request, address = settings.address): Wish => ({
  address,
  fixed: undefined,
  kept: undefined,
  seed: `${deploymentId}/${generation}`
})

/** The address for {@link forDeployer}: loopback, unless the engine is another machine. */
export const deployerAddress = ({ settings }: Request): Effect.Effect<string, EngineUnreachable, DockerClient> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { remote } = yield* host
    return remote ? settings.address : "127.0.0.1"
  })

/**
 * Tries ports, best first, until one is free, and returns the result. Ports that are known to be taken are left out; for
 * others the attempt shows it.
 *
 * @param attempt none if the port is taken
 */
export const atFreePort = <A, E, R>(
  request: Request,
  wish: Wish,
  attempt: (port: number) => Effect.Effect<Option.Option<A>, E, R>
): Effect.Effect<A, E | EngineUnreachable | PortUnavailable | DeploymentProvisionFailed, R | DockerClient | Ports> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { remote } = yield* host
    const found = yield* candidates(wish, request.settings.portRange, !remote).pipe(
      Stream.take(mostAttempts),
      Stream.mapEffect(attempt),
      Stream.filterMap((outcome) => outcome),
      Stream.runHead
    )
    return yield* Effect.mapError(found, () => noPort(request, wish))
  })

/** The failure if no port of a wish is free. */
export const noPort = ({ name, settings }: Request, wish: Wish): PortUnavailable | DeploymentProvisionFailed =>
  wish.fixed === undefined
    ? failed(
        name,
        `no port between ${settings.portRange.from} and ${settings.portRange.to} is free at ${wish.address}; set another portRange, or a port`
      )
    : new PortUnavailable({ name, port: wish.fixed })

// internal

const mostAttempts = 20

/** @param probing whether the ports of this machine are the engine's */
const candidates = (
  { address, fixed, kept, seed }: Wish,
  range: DockerSettings["portRange"],
  probing: boolean
): Stream.Stream<number, never, Ports> => {
  if (fixed !== undefined) return Stream.make(fixed)
  const others = Stream.filter(rotated(range, seed), (candidate) => candidate !== kept)
  const all = kept === undefined ? others : Stream.concat(Stream.make(kept), others)
  return probing ? Stream.filterEffect(all, (candidate) => isFree(address, candidate)) : all
}

const isFree = (address: string, port: number) =>
  Effect.flatMap(Ports, ({ probe }) => Effect.map(probe(address, port), (verdict) => verdict !== "taken"))

const rotated = ({ from, to }: DockerSettings["portRange"], seed: string): Stream.Stream<number> => {
  const size = to - from + 1
  const offset = Crypto.createHash("sha256").update(seed).digest().readUInt32BE() % size
  return Stream.map(Stream.range(0, size - 1), (step) => from + ((offset + step) % size))
}

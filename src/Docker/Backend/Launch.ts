/**
 * Creates and starts containers, so that there is never more than one of a name. A container is published at a port that
 * is chosen here: the engine would choose another port at each start.
 */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import {
  type DeploymentProvisionFailed,
  OutcomeUnknown,
  PortUnavailable,
  ResourceNotOwned
} from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Backend.js"
import { Ports } from "../../Flavor/Ports.js"
import {
  type Container,
  type ContainerRunning,
  type ContainerSpec,
  DockerClient,
  type CreateError as EngineCreateError,
  type NameConflict,
  type QueryError,
  type StartError
} from "../DockerClient.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import type { DockerSettings } from "../Settings.js"
import type { BackendContext } from "./BackendContext.js"
import { failed, repeated } from "./BackendErrors.js"
import { holderOfName } from "./Lookup.js"
import { containerSpec, type Parts, type Request } from "./ServiceContainer.js"

/** The failures of a creation. */
export type CreateError = Exclude<EngineCreateError, NameConflict> | ResourceNotOwned | ContainerRunning | QueryError

/** The failures of a launch. */
export type LaunchError = CreateError | StartError | DeploymentProvisionFailed | PortUnavailable

/**
 * Starts a container at the first port that is free and returns its id. A container whose port turns out to be taken is
 * removed.
 *
 * @param ready the engine needs this to start a container, and not to create it
 */
export const launch = <E>(
  request: Request,
  parts: Parts,
  ready: Effect.Effect<void, E>
): Effect.Effect<string, LaunchError | E, DockerClient | BackendContext | Ports> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { remote } = yield* host
    const attempt = (port: number) =>
      createFor(port, request, parts).pipe(Effect.zipLeft(ready), Effect.flatMap(startAt))
    const started = yield* candidates(request, !remote).pipe(
      Stream.take(mostAttempts),
      Stream.mapEffect(attempt),
      Stream.filterMap((outcome) => outcome),
      Stream.runHead
    )
    return yield* Effect.mapError(started, () => noPort(request))
  })

/** Creates the container of a request for a port, which another container may still have. */
export const createFor = (
  port: number,
  request: Request,
  parts: Parts
): Effect.Effect<string, CreateError, DockerClient | BackendContext> => {
  const spec = containerSpec(request, parts, port)
  return createOnce(request, spec, (holder) => isOf(spec, holder))
}

/** Starts a container that exists. When its port is taken, it is removed. */
export const startCreated = (request: Request, id: string): Effect.Effect<string, LaunchError, DockerClient> =>
  Effect.flatMap(startAt(id), Option.match({ onSome: Effect.succeed, onNone: () => Effect.fail(noPort(request)) }))

/**
 * Creates exactly one container, however often an answer is lost, and returns its id. A foreign container of its name
 * stays. It cannot be interrupted: the effect of half a request is unknown.
 *
 * @param isSame whether a container of ours that has the name is adopted; others of ours are removed
 */
export const createOnce = (
  instance: Pick<Instance, "deploymentId" | "generation" | "name">,
  spec: ContainerSpec & { readonly name: string },
  isSame: (holder: Container) => boolean
): Effect.Effect<string, CreateError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    return yield* Effect.catchTag(containers.create(spec), "NameConflict", () => adopt(instance, spec.name, isSame))
  }).pipe(
    Effect.retry({ schedule: createRetries, while: (error) => error instanceof OutcomeUnknown }),
    Effect.uninterruptible
  )

// internal

const mostAttempts = 20

/** An engine takes a name before it shows the container, and shows the container before it releases the name. */
const createRetries = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(8))

/** The holder of a name shows the outcome of a request whose answer was lost. */
const adopt = (
  instance: Pick<Instance, "deploymentId" | "generation" | "name">,
  name: string,
  isSame: (holder: Container) => boolean
) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const again = new OutcomeUnknown({ operation: "create a container", resource: name })
    const holder = yield* holderOfName(instance, name)
    if (Option.isNone(holder)) return yield* again
    const { container, isOurs } = holder.value
    if (!isOurs) {
      return yield* new ResourceNotOwned({ name: instance.name, resource: `a container named "${container.name}"` })
    }
    if (isSame(container)) return container.id
    yield* repeated(containers.remove(container.id, { force: true }))
    return yield* again
  })

const isOf = (spec: ContainerSpec, { labels, requestedPorts, state }: Container): boolean =>
  labels[Labels.keys.checksum] === spec.labels[Labels.keys.checksum] &&
  state.status === "created" &&
  requestedPorts.some(({ host }) => host === spec.ports?.[0]?.host)

/** None if the port is taken. */
const startAt = (id: string) =>
  Effect.flatMap(DockerClient, ({ containers }) =>
    repeated(containers.start(id)).pipe(
      Effect.as(Option.some(id)),
      Effect.catchTag("PortConflict", () =>
        Effect.as(repeated(containers.remove(id, { force: true })), Option.none<string>())
      )
    )
  ).pipe(Effect.uninterruptible)

const noPort = ({ name, settings }: Request): PortUnavailable | DeploymentProvisionFailed =>
  settings.port === undefined
    ? failed(
        name,
        `no port between ${settings.portRange.from} and ${settings.portRange.to} is free at ${settings.address}; set another portRange, or a port`
      )
    : new PortUnavailable({ name, port: settings.port })

/**
 * The ports to try, best first: the fixed port, or the port of the last generation and then those of the range. Ports that
 * are known to be taken are left out; for others the start of the container shows it.
 *
 * @param probing whether the ports of this machine are the engine's
 */
const candidates = (request: Request, probing: boolean): Stream.Stream<number, never, Ports> => {
  const { address, port, portRange } = request.settings
  if (port !== undefined) return Stream.make(port)
  const kept = Metadata.portOf(request.previous)
  const others = Stream.filter(rotated(portRange, request.deploymentId), (candidate) => candidate !== kept)
  const all = kept === undefined ? others : Stream.concat(Stream.make(kept), others)
  return probing ? Stream.filterEffect(all, (candidate) => isFree(address, candidate)) : all
}

const isFree = (address: string, port: number) =>
  Effect.flatMap(Ports, ({ probe }) => Effect.map(probe(address, port), (verdict) => verdict !== "taken"))

/** Deployments start at different ports of the range, so that two concurrent starts rarely want the same port. */
const rotated = ({ from, to }: DockerSettings["portRange"], deploymentId: string): Stream.Stream<number> => {
  const size = to - from + 1
  const offset = Crypto.createHash("sha256").update(deploymentId).digest().readUInt32BE() % size
  return Stream.map(Stream.range(0, size - 1), (step) => from + ((offset + step) % size))
}

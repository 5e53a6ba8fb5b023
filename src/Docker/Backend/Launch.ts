/** Creates and starts containers, so that there is never more than one of a name. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import {
  type DeploymentProvisionFailed,
  OutcomeUnknown,
  type PortUnavailable,
  ResourceNotOwned
} from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { Ports } from "../../Flavor/Ports.js"
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
import type { BackendContext } from "./BackendContext.js"
import { repeated } from "./BackendErrors.js"
import { atFreePort, forDeployer, forUrl, noPort } from "./HostPorts.js"
import { holderOfName } from "./Lookup.js"
import { containerSpec, type Parts, type Request } from "./ServiceContainer.js"

/** The failures of a creation. */
export type CreateError = Exclude<EngineCreateError, NameConflict> | ResourceNotOwned | ContainerRunning | QueryError

/** The failures of a launch. */
export type LaunchError = CreateError | StartError | DeploymentProvisionFailed | PortUnavailable

/** The owner of a container: an instance, or without a generation the deployment. */
export type Owner = Pick<Instance, "deploymentId" | "name"> & Partial<Pick<Instance, "generation">>

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
  atFreePort(request, parts.door === undefined ? forUrl(request) : forDeployer(request, parts.address), (port) =>
    createFor(port, request, parts).pipe(Effect.zipLeft(ready), Effect.flatMap(startAt))
  )

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
  Effect.flatMap(
    startAt(id),
    Option.match({ onSome: Effect.succeed, onNone: () => Effect.fail(noPort(request, forUrl(request))) })
  )

/**
 * Creates exactly one container, however often an answer is lost, and returns its id. A foreign container of its name
 * stays. It cannot be interrupted: the effect of half a request is unknown.
 *
 * @param isSame whether a container of ours that has the name is adopted; others of ours are removed
 */
export const createOnce = (
  instance: Owner,
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

/** Starts a container. None if its port is taken: then it is removed. */
export const startAt = (
  id: string
): Effect.Effect<Option.Option<string>, StartError | ContainerRunning, DockerClient> =>
  Effect.flatMap(DockerClient, ({ containers }) =>
    repeated(containers.start(id)).pipe(
      Effect.as(Option.some(id)),
      Effect.catchTag("PortConflict", () =>
        Effect.as(repeated(containers.remove(id, { force: true })), Option.none<string>())
      )
    )
  ).pipe(Effect.uninterruptible)

// internal

/** An engine takes a name before it shows the container, and shows the container before it releases the name. */
const createRetries = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(8))

/** The holder of a name shows the outcome of a request whose answer was lost. */
const adopt = (instance: Owner, name: string, isSame: (holder: Container) => boolean) =>
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
  labels[Labels.keys.door] === spec.labels[Labels.keys.door] &&
  state.status === "created" &&
  requestedPorts.some(({ host }) => host === spec.ports?.[0]?.host)

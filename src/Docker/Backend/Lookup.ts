/**
 * Finds the containers of deployments. A container is ours if it has our labels and one of our names. A container with our
 * labels and another name may be a copy: it is ours only if its id is the one in the registry, which means that it was
 * renamed.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { OperationalState } from "../../Deployment.js"
import { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { Home } from "../../Store/Home.js"
import { type Container, DockerClient, type QueryError } from "../DockerClient.js"
import { flavor } from "../EngineErrors.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import { BackendContext } from "./BackendContext.js"
import { recordOf } from "./Mounts/Files.js"

type Ref = Pick<Instance, "deploymentId" | "generation">
type Some = Pick<Instance, "deploymentId"> & Partial<Ref>
type Stored = OperationalState["metadata"]

/** The container that has a name, and whether it belongs to the instance. */
export interface NameHolder {
  readonly isOurs: boolean
  readonly container: Container
}

/**
 * Looks at the container that has the name of a container of an instance, or without a generation of a door.
 *
 * @param name such as the name of the instance's service
 */
export const holderOfName = (
  { deploymentId, generation }: Some,
  name: string
): Effect.Effect<Option.Option<NameHolder>, QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { registryId } = yield* BackendContext
    return Option.map(yield* inspect(name), (container) => ({
      isOurs:
        generation === undefined
          ? Labels.isDoor(container.labels, { registryId, deploymentId })
          : Labels.isInstance(container.labels, { registryId, deploymentId, generation }),
      container
    }))
  })

/** The door of a deployment at a port of the host. */
export const findDoor = (
  { deploymentId }: Pick<Instance, "deploymentId">,
  { address, port }: Labels.DoorPlace
): Effect.Effect<Option.Option<Container>, QueryError, DockerClient | BackendContext> =>
  Effect.map(holderOfName({ deploymentId }, Labels.doorName(deploymentId, port)), (holder) =>
    Option.map(
      Option.filter(
        holder,
        ({ container, isOurs }) => isOurs && container.requestedPorts.some((one) => one.address === address)
      ),
      ({ container }) => container
    )
  )

/** The names of the doors of a deployment. */
export const doorNames = ({
  deploymentId
}: Pick<Instance, "deploymentId">): Effect.Effect<ReadonlyArray<string>, QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const listed = yield* containers.list({ ...Labels.filter({ registryId, deploymentId }), ...Labels.doorRole })
    return listed.map(({ name }) => name).filter((name) => Labels.isDoorNameOf(name, deploymentId))
  })

/** The container of an instance. */
export const findContainer = (
  instance: Ref,
  stored: Stored = {}
): Effect.Effect<Option.Option<Container>, QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const holder = yield* holderOfName(instance, Labels.containerName(instance))
    if (Option.exists(holder, ({ isOurs }) => isOurs)) return Option.map(holder, ({ container }) => container)
    const listed = (yield* list(instance, stored)).find(({ labels }) => labels[Labels.keys.role] === undefined)
    return listed === undefined ? Option.none() : yield* inspect(listed.id)
  })

/**
 * The ids of all containers of an instance, or of all generations of a deployment, upload containers included.
 *
 * @param stored the metadata of the instance in the registry
 */
export const listContainers = (
  of: Some,
  stored: Stored = {}
): Effect.Effect<ReadonlyArray<string>, QueryError, DockerClient | BackendContext> =>
  Effect.map(list(of, stored), (listed) => listed.map(({ id }) => id))

/**
 * Fails if the instance is in another engine than the one in use. That one knows nothing about the instance, which does
 * not mean that the instance is gone.
 */
export const requireEngineOf = (
  instance: Ref,
  stored: Stored,
  operation: string
): Effect.Effect<void, QueryError | EngineUnavailable | PlatformError, DockerClient | Home | FileSystem> =>
  Effect.gen(function* () {
    const expected = yield* engineOf(instance, stored)
    if (Option.isSome(expected)) yield* requireEngine(expected.value, operation, "its container")
  })

/**
 * Fails if the engine in use is another one than the expected.
 *
 * @param what the resource in the expected engine, such as `its container`
 */
export const requireEngine = (
  expected: string,
  operation: string,
  what: string
): Effect.Effect<void, QueryError | EngineUnavailable, DockerClient> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const id = yield* currentEngineId
    if (id === expected) return
    const { url } = yield* host
    return yield* new EngineUnavailable({
      flavor,
      operation,
      reason: `the engine at ${url} (${id}) is not the one that has ${what} (${expected}); set DOCKER_HOST or the Docker context to that engine`
    })
  })

/** The id of the engine that has an instance, from the registry or the files of the home. */
export const engineOf = (
  instance: Ref,
  stored: Stored
): Effect.Effect<Option.Option<string>, PlatformError, Home | FileSystem> => {
  const known = Option.map(Metadata.decodeOf(instance, stored), ({ engineId }) => engineId)
  return Option.isSome(known)
    ? Effect.succeed(known)
    : Effect.map(
        recordOf(instance),
        Option.map(({ engineId }) => engineId)
      )
}

/** The id of the engine in use. */
export const currentEngineId: Effect.Effect<string, QueryError, DockerClient> = Effect.flatMap(
  DockerClient,
  ({ engine }) => Effect.map(engine.info, ({ id }) => id)
)

// internal

const list = (of: Some, stored: Stored) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const labelled = yield* containers.list(Labels.filter({ ...of, registryId }))
    return labelled.filter(({ id, name }) => Labels.isNameOf(name, of) || id === stored["containerId"])
  })

const inspect = (container: string) =>
  Effect.flatMap(DockerClient, ({ containers }) => containers.inspect(container)).pipe(
    Effect.asSome,
    Effect.catchTag("ContainerNotFound", () => Effect.succeedNone)
  )

/**
 * Finds the containers of deployments. Ours is what carries our labels and a name of ours. What only carries the labels
 * may be a copy that somebody made: it is ours if it is the very container the registry knows, which somebody renamed.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { OperationalState } from "../../Deployment.js"
import { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Backend.js"
import type { Home } from "../../Store/Home.js"
import { type Container, DockerClient, type QueryError } from "../DockerClient.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import { BackendContext } from "./BackendContext.js"
import { flavor } from "./Failures.js"
import { recordOf } from "./Mounts/Files.js"

type Ref = Pick<Instance, "deploymentId" | "generation">
type Some = Pick<Instance, "deploymentId"> & Partial<Ref>
type Stored = OperationalState["metadata"]

/** Who has the name of an instance's container: we, somebody else, or nobody. */
export type NameHolder =
  | { readonly _tag: "ours"; readonly container: Container }
  | { readonly _tag: "foreign"; readonly container: Container }
  | { readonly _tag: "nobody" }

/** Looks at what has the name of an instance's container. */
export const holderOfName = (instance: Ref): Effect.Effect<NameHolder, QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const container = yield* inspect(Labels.containerName(instance))
    if (Option.isNone(container)) return { _tag: "nobody" }
    const ours = Labels.isInstance(container.value.labels, yield* refOf(instance))
    return { _tag: ours ? "ours" : "foreign", container: container.value }
  })

/** The container of an instance. */
export const findContainer = (
  instance: Ref,
  stored: Stored = {}
): Effect.Effect<Option.Option<Container>, QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const holder = yield* holderOfName(instance)
    if (holder._tag === "ours") return Option.some(holder.container)
    const listed = (yield* list(instance, stored)).find(({ labels }) => labels[Labels.keys.role] === undefined)
    return listed === undefined ? Option.none() : yield* inspect(listed.id)
  })

/**
 * The ids of all containers of an instance, or of a deployment when no generation is given, whatever they are for.
 *
 * @param stored the metadata the registry has of an instance
 */
export const listContainers = (
  of: Some,
  stored: Stored = {}
): Effect.Effect<ReadonlyArray<string>, QueryError, DockerClient | BackendContext> =>
  Effect.map(list(of, stored), (listed) => listed.map(({ id }) => id))

/**
 * Fails if an instance is in another engine than the one that is asked now: that one knows nothing about it, which does
 * not mean that it is gone.
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
 * Fails if another engine is asked now than the one that has something of a deployment.
 *
 * @param what such as `its container`
 */
export const requireEngine = (
  expected: string,
  operation: string,
  what: string
): Effect.Effect<void, QueryError | EngineUnavailable, DockerClient> =>
  Effect.gen(function* () {
    const { engine, host } = yield* DockerClient
    const { id } = yield* engine.info
    if (id === expected) return
    const { url } = yield* host
    return yield* new EngineUnavailable({
      flavor,
      operation,
      reason: `the engine at ${url} (${id}) is not the one that has ${what} (${expected}); set DOCKER_HOST or the Docker context to that one`
    })
  })

// internal

const engineOf = (instance: Ref, stored: Stored) => {
  const known = Option.filter(Metadata.decode(stored), ({ generation }) => generation === instance.generation)
  return Option.isSome(known)
    ? Effect.succeed(Option.some(known.value.engineId))
    : Effect.map(
        recordOf(instance),
        Option.map(({ engineId }) => engineId)
      )
}

const list = (of: Some, stored: Stored) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const labelled = yield* containers.list(Labels.filter({ ...of, registryId }))
    return labelled.filter(({ id, name }) => Labels.isNameOf(name, of) || id === stored["containerId"])
  })

const refOf = ({ deploymentId, generation }: Ref) =>
  Effect.map(BackendContext, ({ registryId }) => ({ registryId, deploymentId, generation }))

const inspect = (container: string) =>
  Effect.flatMap(DockerClient, ({ containers }) => containers.inspect(container)).pipe(
    Effect.asSome,
    Effect.catchTag("ContainerNotFound", () => Effect.succeedNone)
  )

/** Finds out how an instance is, from what the engine tells about its container. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { OperationalState } from "../../Deployment.js"
import type { Instance } from "../../Flavor/Backend.js"
import { meaningOfExit } from "../../Flavor/InstanceManifest.js"
import { urlOf } from "../../Flavor/Ports.js"
import type { Home } from "../../Store/Home.js"
import { type Container, DockerClient, type EngineHost } from "../DockerClient.js"
import * as Metadata from "../Metadata.js"
import type { BackendContext } from "./BackendContext.js"
import type { LookingError } from "./Failures.js"
import { type End, firstEnd } from "./FirstEnd.js"
import { findContainer, requireEngineOf } from "./Lookup.js"
import { inside } from "./Mounts/ContainerPaths.js"
import { recordOf } from "./Mounts/Files.js"

/** Observes an instance. `stored` is the metadata the registry has of it. */
export const observe = (
  instance: Instance,
  stored: OperationalState["metadata"]
): Effect.Effect<OperationalState, LookingError, DockerClient | BackendContext | Home | FileSystem> =>
  Effect.gen(function* () {
    const found = yield* findContainer(instance, stored)
    if (Option.isNone(found)) {
      yield* requireEngineOf(instance, stored, "observe a container")
      return absent
    }
    const { host } = yield* DockerClient
    const known = Option.filter(Metadata.decode(stored), ({ generation }) => generation === instance.generation)
    const starting = Option.exists(known, (metadata) => metadata.starting === true)
    const restarted = starting && found.value.restartCount > 0 && found.value.state.status === "running"
    return stateOf(found.value, {
      generation: instance.generation,
      engineId: Option.isSome(known) ? known.value.engineId : yield* currentEngine(instance),
      host: yield* host,
      starting,
      ...(restarted ? { firstEnd: Option.getOrUndefined(yield* firstEnd(found.value)) } : {})
    })
  })

/** What is known about a container besides what it tells itself. */
export interface Circumstances {
  readonly generation: number
  readonly engineId: string
  readonly host: EngineHost
  /** Whether it never answered yet; then having been started again means that its start failed. */
  readonly starting: boolean
  /** How it ended for the first time, if that is not what the container says now. */
  readonly firstEnd?: End | undefined
}

/** The state of the instance a container is. */
export const stateOf = (container: Container, circumstances: Circumstances): OperationalState => {
  const metadata = metadataOf(container, circumstances)
  const { status } = container.state
  const state = (status: OperationalState["status"], reason: string) =>
    new OperationalState({ status, metadata: Metadata.encode(metadata), reason })
  const again = container.restartCount > 0 || status === "restarting"
  if (circumstances.starting && again) return state("error", failedStart(container, circumstances))
  switch (status) {
    case "running":
      return running(container, circumstances, metadata)
    case "created":
      return container.state.error === undefined
        ? state("pending", "its container was made and not started yet")
        : state("error", `its container could not be started: ${container.state.error}`)
    case "restarting":
      return container.restartCount >= crashLoopBound
        ? state(
            "error",
            `it keeps ending: the engine started it again ${container.restartCount} times; ${ending(container)}`
          )
        : state("pending", `the engine starts it again; ${ending(container)}`)
    case "paused":
      return state("pending", `its container is paused; \`docker unpause ${container.name}\` lets it go on`)
    case "exited":
      return state("error", ending(container))
    case "removing":
      return state("error", "its container is being removed")
    case "dead":
      return state("error", "the engine could not remove its container completely; remove it by hand")
    case "unknown":
      return state("unknown", "the engine says something about its container that is not understood")
  }
}

/** How often the engine may start a container again before that is called a crash loop. */
export const crashLoopBound = 3

/** Metadata of a container. */
export const metadataOf = (container: Container, { engineId, generation }: Circumstances): Metadata.Metadata => {
  const { finishedAt, health, oomKilled, status } = container.state
  const requested = container.requestedPorts.find((port) => port.container === inside.port)
  const port = publishedPort(container)?.host ?? requested?.host
  const ended = status !== "running" && status !== "paused" && finishedAt !== undefined
  return {
    containerId: container.id,
    containerName: container.name,
    image: container.image,
    imageId: container.imageId,
    ...(port === undefined ? {} : { port }),
    ...(requested === undefined ? {} : { address: requested.address }),
    engineId,
    generation,
    ...(container.restartCount === 0 ? {} : { restarts: container.restartCount }),
    ...(health === undefined || health.status === "none" ? {} : { health: health.status }),
    ...(status === "paused" ? { paused: true } : {}),
    ...(ended ? { exitCode: container.state.exitCode } : {}),
    ...(ended && oomKilled ? { outOfMemory: true } : {})
  }
}

// internal

const absent = new OperationalState({ status: "absent", metadata: {} })

const currentEngine = (instance: Instance) =>
  Effect.flatMap(
    recordOf(instance),
    Option.match({
      onNone: () => Effect.flatMap(DockerClient, ({ engine }) => Effect.map(engine.info, ({ id }) => id)),
      onSome: ({ engineId }) => Effect.succeed(engineId)
    })
  )

const publishedPort = (container: Container) =>
  container.ports.find((port) => port.container === inside.port && port.host !== undefined)

const running = (container: Container, { host }: Circumstances, metadata: Metadata.Metadata): OperationalState => {
  const published = publishedPort(container)
  if (published?.host === undefined) {
    return new OperationalState({
      status: "pending",
      metadata: Metadata.encode(metadata),
      reason: "its container runs and its port is not published"
    })
  }
  return new OperationalState({
    status: "running",
    url: host.remote ? urlOf(host.hostname, published.host) : urlOf(published.address, published.host),
    metadata: Metadata.encode(metadata)
  })
}

const failedStart = (container: Container, { firstEnd }: Circumstances): string => {
  const { state } = container
  const ended = state.status !== "running" || firstEnd !== undefined
  return ended
    ? `${ending(container, firstEnd)}, before it answered for the first time`
    : `it ended ${times(container.restartCount)} before it answered for the first time, and the engine started it again; see its log`
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`)

/** One clause on how a container ended. */
const ending = (
  { raw, state }: Container,
  end: End = { exitCode: state.exitCode, outOfMemory: state.oomKilled }
): string => {
  if (end.outOfMemory) return `it ran out of its ${memoryOf(raw)}of memory (raise memoryBytes)`
  const meaning = meaningOfExit(end.exitCode) ?? meanings[end.exitCode]
  return `it ended with exit code ${end.exitCode}${meaning === undefined ? "" : ` (${meaning})`}`
}

const memoryOf = (raw: Container["raw"]): string => {
  const { HostConfig } = raw
  const bytes = typeof HostConfig === "object" && HostConfig !== null && "Memory" in HostConfig ? HostConfig.Memory : 0
  return typeof bytes === "number" && bytes > 0 ? `${Math.round(bytes / 1_048_576)} MiB ` : ""
}

const heap = "JavaScript's heap may have been full, raise memoryBytes"

const meanings: Readonly<Record<number, string>> = { 134: heap, 137: "it was killed", 139: heap }

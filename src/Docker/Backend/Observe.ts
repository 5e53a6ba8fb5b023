/** Observes an instance through its container. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { OperationalState } from "../../Deployment.js"
import type { Instance } from "../../Flavor/Instance.js"
import { meaningOfExit } from "../../Flavor/InstanceManifest.js"
import { urlOf } from "../../Flavor/Ports.js"
import { timeoutTo } from "../../Internal/Deadline.js"
import type { Home } from "../../Store/Home.js"
import { type Container, DockerClient, type EngineHost } from "../DockerClient.js"
import type { ObserveError } from "../EngineErrors.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import type { BackendContext } from "./BackendContext.js"
import { currentEngineId, engineOf, findContainer, findDoor, requireEngineOf } from "./Lookup.js"
import { inside } from "./Mounts/ContainerPaths.js"

/**
 * Observes an instance.
 *
 * @param stored the metadata of the instance in the registry
 */
export const observe = (
  instance: Instance,
  stored: OperationalState["metadata"]
): Effect.Effect<OperationalState, ObserveError, DockerClient | BackendContext | Home | FileSystem> =>
  Effect.gen(function* () {
    const found = yield* findContainer(instance, stored)
    if (Option.isNone(found)) {
      yield* requireEngineOf(instance, stored, "observe a container")
      return absent
    }
    const { host } = yield* DockerClient
    const engineId = yield* engineOf(instance, stored)
    const starting = Option.exists(Metadata.decodeOf(instance, stored), (known) => known.starting === true)
    const restarted = starting && found.value.restartCount > 0 && found.value.state.status === "running"
    const state = stateOf(found.value, {
      generation: instance.generation,
      engineId: Option.isSome(engineId) ? engineId.value : yield* currentEngineId,
      host: yield* host,
      starting,
      ...(restarted ? { firstExit: Option.getOrUndefined(yield* firstExit(found.value)) } : {})
    })
    const place = Labels.doorOf(found.value.labels)
    return place === undefined || state.status !== "running"
      ? state
      : behindDoor(state, yield* findDoor(instance, place))
  })

/** Facts about a container that it does not contain itself. */
export interface Circumstances {
  readonly generation: number
  readonly engineId: string
  readonly host: EngineHost
  /** True if it never answered yet; then a restart means that its start failed. */
  readonly starting: boolean
  /** Its first exit, if the container does not show that any more. */
  readonly firstExit?: Exit | undefined
}

/** The exit of a container. */
export interface Exit {
  readonly exitCode: number
  readonly outOfMemory: boolean
}

/** The state of an instance, from its container. */
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
        ? state("pending", "its container was created and not started yet")
        : state("error", `its container could not be started: ${container.state.error}`)
    case "restarting":
      return container.restartCount >= crashLoopBound
        ? state(
            "error",
            `it keeps exiting: the engine restarted it ${container.restartCount} times; ${exitOf(container)}`
          )
        : state("pending", `the engine is restarting it; ${exitOf(container)}`)
    case "paused":
      return state("pending", `its container is paused; resume it with \`docker unpause ${container.name}\``)
    case "exited":
      return state("error", exitOf(container))
    case "removing":
      return state("error", "its container is being removed")
    case "dead":
      return state("error", "the engine could not remove its container completely; remove it by hand")
    case "unknown":
      return state("unknown", "the engine reports an unknown status of its container")
  }
}

/** The number of restarts by the engine that makes a crash loop. */
export const crashLoopBound = 3

/** The metadata of a container. */
export const metadataOf = (container: Container, { engineId, generation }: Circumstances): Metadata.Metadata => {
  const { finishedAt, health, oomKilled, status } = container.state
  const requested = container.requestedPorts.find((port) => port.container === inside.port)
  const door = Labels.doorOf(container.labels)
  const port = door?.port ?? publishedPort(container)?.host ?? requested?.host
  const ended = status !== "running" && status !== "paused" && finishedAt !== undefined
  return {
    containerId: container.id,
    containerName: container.name,
    image: container.image,
    imageId: container.imageId,
    ...(port === undefined ? {} : { port }),
    ...(requested === undefined ? {} : { address: door?.address ?? requested.address }),
    ...(door === undefined ? {} : { door: true }),
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

/**
 * The first exit of a container that the engine has restarted since. The container shows its last exit only; the engine's
 * events contain the first one for a while. None if they do not any more.
 */
const firstExit = (container: Container): Effect.Effect<Option.Option<Exit>, never, DockerClient> =>
  Effect.gen(function* () {
    if (container.createdAt === undefined) return Option.none()
    const { events } = yield* DockerClient
    const deployment = container.labels[Labels.keys.deployment]
    const seen = yield* events({
      types: ["container"],
      actions: ["oom", "die"],
      ...(deployment === undefined ? {} : { labels: { [Labels.keys.deployment]: deployment } }),
      since: DateTime.toEpochMillis(container.createdAt)
    }).pipe(
      Stream.filter(({ id }) => id === container.id),
      Stream.takeUntil(({ action }) => action === "die"),
      Stream.runCollect
    )
    return Option.map(Chunk.last(seen), ({ attributes }) => ({
      exitCode: Number(attributes["exitCode"] ?? 0),
      outOfMemory: Chunk.some(seen, ({ action }) => action === "oom")
    }))
  }).pipe(
    // Past events come at once; after them the stream would wait for new ones.
    timeoutTo({ duration: "1 second", onTimeout: () => Option.none() }),
    Effect.orElseSucceed(() => Option.none())
  )

const publishedPort = (container: Container) =>
  container.ports.find((port) => port.container === inside.port && port.host !== undefined)

const running = (container: Container, { host }: Circumstances, metadata: Metadata.Metadata): OperationalState => {
  const published = publishedPort(container)
  if (published?.host === undefined) {
    return new OperationalState({
      status: "pending",
      metadata: Metadata.encode(metadata),
      reason: "its container is running, but its port is not published"
    })
  }
  const urlAt = (address: string, port: number) => urlOf(host.remote ? host.hostname : address, port)
  const door = Labels.doorOf(container.labels)
  return new OperationalState({
    status: "running",
    url: urlAt(published.address, published.host),
    ...(door === undefined ? {} : { publicUrl: urlAt(door.address, door.port) }),
    metadata: Metadata.encode(metadata)
  })
}

/** Callers do not reach an instance whose door does not run. An engine starts a door again, unless a user stopped or killed it. */
const behindDoor = (state: OperationalState, door: Option.Option<Container>): OperationalState => {
  const { metadata } = state
  if (Option.isNone(door)) return new OperationalState({ status: "error", metadata, reason: "its door does not exist" })
  switch (door.value.state.status) {
    case "running":
      return state
    case "paused":
    case "restarting":
    case "created":
      return new OperationalState({ status: "pending", metadata, reason: `its door is ${door.value.state.status}` })
    default:
      return new OperationalState({ status: "error", metadata, reason: "its door does not run" })
  }
}

const failedStart = (container: Container, { firstExit }: Circumstances): string =>
  container.state.status !== "running" || firstExit !== undefined
    ? `${exitOf(container, firstExit)}, before it answered for the first time`
    : `it exited ${times(container.restartCount)} before it answered for the first time, and the engine restarted it; see its log`

const times = (count: number): string => (count === 1 ? "once" : `${count} times`)

/** One clause on the exit of a container. */
const exitOf = (
  { raw, state }: Container,
  exit: Exit = { exitCode: state.exitCode, outOfMemory: state.oomKilled }
): string => {
  if (exit.outOfMemory) return `it ran out of its ${memoryOf(raw)}of memory (raise the setting memory)`
  const meaning = meaningOfExit(exit.exitCode) ?? meanings[exit.exitCode]
  return `it ended with exit code ${exit.exitCode}${meaning === undefined ? "" : ` (${meaning})`}`
}

const memoryOf = (raw: Container["raw"]): string => {
  const { HostConfig } = raw
  const bytes = typeof HostConfig === "object" && HostConfig !== null && "Memory" in HostConfig ? HostConfig.Memory : 0
  return typeof bytes === "number" && bytes > 0 ? `${Math.round(bytes / 1_048_576)} MiB ` : ""
}

const heap = "JavaScript's heap may have been full, raise the setting memory"

const meanings: Readonly<Record<number, string>> = { 134: heap, 137: "it was killed", 139: heap }

/** Finds every resource of this deployer, known to the registry or not, and watches them. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Found, Inventory } from "../../Flavor/Instance.js"
import { inHome } from "../../Flavor/InstanceRecord.js"
import type { Home } from "../../Store/Home.js"
import { type ContainerSummary, DockerClient, type Network, type QueryError, type Volume } from "../DockerClient.js"
import { flavor, toUnavailable } from "../EngineErrors.js"
import * as Labels from "../Labels.js"
import { BackendContext } from "./BackendContext.js"

/** The containers, networks and volumes with the labels of this registry, and the files of this deployer in the home. */
export const inventory: Effect.Effect<
  Inventory,
  QueryError | PlatformError,
  DockerClient | BackendContext | Home | FileSystem
> = Effect.gen(function* () {
  const { containers, engine, networks, volumes } = yield* DockerClient
  const { deployer, registryId } = yield* BackendContext
  const { id: engineId } = yield* engine.info
  const ours = Labels.filter({ registryId })
  const home = yield* inHome({ flavor, name: deployer })
  const records = new Map(home.map((thing) => [keyOf(thing), thing.record]))
  const labelled = [
    ...(yield* containers.list(ours)).flatMap((container) => ofContainer(container, deployer)),
    ...(yield* networks.list(ours)).flatMap((network) => ofNetwork(network, deployer)),
    ...(yield* volumes.list(ours)).flatMap((volume) => ofVolume(volume, deployer))
  ].map((found) => ({ ...found, atHome: records.has(keyOf(found)), record: records.get(keyOf(found)) }))
  const inEngine = new Set(labelled.map(keyOf))
  return { engineId, found: [...labelled, ...home.filter((thing) => !inEngine.has(keyOf(thing)))] }
})

/** A hint for each container of this registry that started, paused, ended or was removed. */
export const changes: Effect.Effect<
  Stream.Stream<unknown, EngineUnavailable>,
  never,
  DockerClient | BackendContext
> = Effect.gen(function* () {
  const { events } = yield* DockerClient
  const { registryId } = yield* BackendContext
  const actions = ["die", "oom", "destroy", "pause", "unpause", "start"]
  return events({ types: ["container"], actions, labels: Labels.filter({ registryId }) }).pipe(
    Stream.mapError(toUnavailable("watch its containers"))
  )
})

// internal

type Bare = Omit<Found, "atHome" | "record">

const keyOf = ({ deploymentId, generation }: Pick<Found, "deploymentId" | "generation">) =>
  `${deploymentId}/${generation}`

const ofContainer = ({ createdAt, labels, name }: ContainerSummary, deployer: string): ReadonlyArray<Bare> =>
  Option.match(Labels.decodeInstance(labels), {
    onNone: () =>
      ofShared(labels, deployer, `door ${name}`).filter(({ deploymentId }) => Labels.isDoorNameOf(name, deploymentId)),
    onSome: (said) =>
      said.deployer === deployer && Labels.isNameOf(name, said)
        ? [
            {
              deploymentId: said.deploymentId,
              generation: said.generation,
              registryId: said.registryId,
              resource: `container ${name}`,
              madeAt: createdAt === undefined ? undefined : DateTime.toEpochMillis(createdAt)
            }
          ]
        : []
  })

const ofNetwork = ({ labels, name }: Network, deployer: string): ReadonlyArray<Bare> =>
  ofShared(labels, deployer, `network ${name}`)

/** All generations share the volume with the data; other volumes belong to one generation. */
const ofVolume = ({ labels, name }: Volume, deployer: string): ReadonlyArray<Bare> => {
  const generation = Option.match(Labels.decodeInstance(labels), { onNone: () => 0, onSome: (said) => said.generation })
  return ofShared(labels, deployer, `volume ${name}`)
    .filter(({ deploymentId }) => Labels.isVolumeNameOf(name, deploymentId))
    .map((found) => ({ ...found, generation }))
}

const ofShared = (labels: Network["labels"], deployer: string, resource: string): ReadonlyArray<Bare> =>
  Option.match(Labels.decodeShared(labels), {
    onNone: () => [],
    onSome: ({ deploymentId, registryId, ...said }) =>
      said.deployer === deployer ? [{ deploymentId, generation: 0, registryId, resource, madeAt: undefined }] : []
  })

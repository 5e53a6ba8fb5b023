/** Finds every object of this deployer, known to the registry or not, and watches them. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Found, Inventory } from "../../Flavor/Instance.js"
import { inHome } from "../../Flavor/InstanceRecord.js"
import type { Home } from "../../Store/Home.js"
import { flavor } from "../ClusterErrors.js"
import { KubernetesClient, type QueryError, type Resource, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import { BackendContext } from "./BackendContext.js"
import { namespaces } from "./Place.js"

/** The objects with the labels of this registry, and the files of this deployer in the home. */
export const inventory: Effect.Effect<
  Inventory,
  QueryError | PlatformError,
  KubernetesClient | BackendContext | Home | FileSystem
> = Effect.gen(function* () {
  const { list } = yield* KubernetesClient
  const { deployer, registryId } = yield* BackendContext
  const home = yield* inHome({ flavor, name: deployer })
  const records = new Map(home.map((thing) => [keyOf(thing), thing.record]))
  const places = yield* namespaces(home)
  const objects = yield* Effect.forEach(places, (namespace) =>
    Effect.forEach(listed, (type) =>
      Effect.map(list(type, namespace, { [Labels.keys.registry]: registryId }), (found) =>
        found.flatMap((object) => foundOf(object, `${type.kind} ${object.metadata.name}`, deployer))
      )
    )
  )
  const labelled = objects
    .flat(2)
    .map((found) => ({ ...found, atHome: records.has(keyOf(found)), record: records.get(keyOf(found)) }))
  const inCluster = new Set(labelled.map(keyOf))
  return { engineId: undefined, found: [...labelled, ...home.filter((thing) => !inCluster.has(keyOf(thing)))] }
})

/** A hint for each change of a pod of this registry in the namespace of the context. */
export const changes: Effect.Effect<Stream.Stream<unknown>, QueryError, KubernetesClient | BackendContext> = Effect.gen(
  function* () {
    const client = yield* KubernetesClient
    const context = yield* BackendContext
    const namespace = context.namespace ?? (yield* client.cluster).namespace
    return client.changes(types.pods, namespace, { [Labels.keys.registry]: context.registryId })
  }
)

// internal

/** Every generation has a Deployment, a Secret and a Service; every deployment has a Service. */
const listed = [types.deployments, types.services, types.secrets]

const keyOf = ({ deploymentId, generation }: Pick<Found, "deploymentId" | "generation">) =>
  `${deploymentId}/${generation}`

const foundOf = (
  { metadata }: Resource,
  resource: string,
  deployer: string
): ReadonlyArray<Omit<Found, "atHome" | "record">> =>
  Option.match(Labels.decode(metadata), {
    onNone: () => [],
    onSome: ({ deploymentId, generation, registryId, ...said }) =>
      said.deployer === deployer
        ? [{ deploymentId, generation, registryId, resource, madeAt: timeOf(metadata.creationTimestamp) }]
        : []
  })

const timeOf = (text: string | undefined): number | undefined => {
  const time = Date.parse(text ?? "")
  return Number.isNaN(time) ? undefined : time
}

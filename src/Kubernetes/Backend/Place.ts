/** The namespace of a deployment, and its record in the home. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { OperationalState } from "../../Deployment.js"
import { DeploymentProvisionFailed, EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import { folders, readJson, writeWhole } from "../../Flavor/InstanceFiles.js"
import * as InstanceRecord from "../../Flavor/InstanceRecord.js"
import type { Home } from "../../Store/Home.js"
import { NamespaceObject } from "../Client/Resources.js"
import { flavor } from "../ClusterErrors.js"
import { KubernetesClient, type QueryError, type Reference, types } from "../KubernetesClient.js"
import * as Metadata from "../Metadata.js"
import type { Request } from "../Objects/Context.js"
import { BackendContext } from "./BackendContext.js"

/** The namespace of an instance, by its identity. */
export const Place = Schema.Struct({
  namespace: Schema.String,
  server: Schema.String,
  engineId: Schema.String,
  /** The image of the instance there. */
  image: Schema.optional(Metadata.PodImage)
})

export type Place = typeof Place.Type

type Of = Pick<Instance, "deploymentId" | "generation">
type Files = Home | FileSystem.FileSystem

/** The namespace of a request, which exists and takes new objects. */
export const placeOfRequest = ({
  name,
  settings
}: Pick<Request, "name" | "settings">): Effect.Effect<
  Place,
  QueryError | DeploymentProvisionFailed,
  KubernetesClient
> =>
  Effect.gen(function* () {
    const { cluster } = yield* KubernetesClient
    const { context, namespace: ofContext, server } = yield* cluster
    const namespace = settings.namespace ?? ofContext
    const found = yield* lookUp(namespace)
    const refused = (reason: string) => new DeploymentProvisionFailed({ name, reason, logs: [] })
    if (Option.isNone(found)) {
      return yield* refused(
        `the cluster of the context "${context}" has no namespace "${namespace}"; create it with \`kubectl create namespace ${namespace}\`, or set namespace to another one`
      )
    }
    if (found.value.isTerminating) {
      return yield* refused(
        `the namespace "${namespace}" is being deleted; wait for its end, or set namespace to another one`
      )
    }
    return { namespace, server, engineId: found.value.uid }
  })

/** The place of an instance that was started: that of the registry, else that of the home; none for an unknown one. */
export const placeOf = (
  instance: Of,
  stored: OperationalState["metadata"]
): Effect.Effect<Option.Option<Place>, PlatformError, Files> => {
  const known = Metadata.decodeOf(instance, stored)
  return Option.isSome(known) ? Effect.succeed(Option.some(known.value)) : recorded(instance)
}

/** The places that generations of a deployment have had, in the home. They outlive the generations. */
export const placesOf = ({
  deploymentId
}: Pick<Instance, "deploymentId">): Effect.Effect<ReadonlyArray<Place>, PlatformError, Files> =>
  Effect.flatMap(folders({ deploymentId, generation: 0 }), ({ deployment }) =>
    Effect.map(
      readJson(recordIn(deployment), Places),
      Option.getOrElse((): ReadonlyArray<Place> => [])
    )
  )

/** Writes the records of an instance, before anything of it exists. */
export const writeRecords = (request: Request, place: Place): Effect.Effect<void, PlatformError, Files> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { deployment, generation } = yield* folders(request)
    yield* fs.makeDirectory(generation, { recursive: true, mode: 0o700 })
    yield* fs.chmod(deployment, 0o700)
    const others = (yield* placesOf(request)).filter(({ engineId }) => engineId !== place.engineId)
    yield* writeWhole(recordIn(deployment), encodePlaces([...others, place]), 0o600)
    yield* writeWhole(recordIn(generation), encodePlace(place), 0o600)
    yield* InstanceRecord.write(generation, request.record)
  })

/**
 * Fails if the cluster in use is another one than that of an instance. That one knows nothing about the instance, which does
 * not mean that the instance is gone.
 */
export const requirePlace = (
  { engineId, namespace, server }: Place,
  operation: string
): Effect.Effect<void, QueryError | EngineUnavailable, KubernetesClient> =>
  Effect.gen(function* () {
    const { cluster } = yield* KubernetesClient
    const { context, server: inUse } = yield* cluster
    const found = yield* lookUp(namespace)
    // A namespace that was deleted took its objects along.
    if (Option.isNone(found) && server === inUse) return
    if (Option.exists(found, ({ uid }) => uid === engineId || server === inUse)) return
    return yield* new EngineUnavailable({
      flavor,
      operation,
      reason: `the context "${context}" leads to ${inUse}, and the deployment is in the namespace ${namespace} of ${server}; choose the context of that cluster (DEPLOYERS_KUBE_CONTEXT)`
    })
  })

/** The namespaces that may have objects of this deployer: that of its defaults or of the context, and those of the home. */
export const namespaces = (
  records: ReadonlyArray<Pick<Instance, "deploymentId">>
): Effect.Effect<ReadonlyArray<string>, QueryError | PlatformError, Files | KubernetesClient | BackendContext> =>
  Effect.gen(function* () {
    const { cluster } = yield* KubernetesClient
    const { namespace: standard } = yield* BackendContext
    const { namespace, server } = yield* cluster
    const places = (yield* Effect.forEach(records, placesOf)).flat()
    const here = places.filter((place) => place.server === server).map((place) => place.namespace)
    return Array.from(new Set([standard ?? namespace, ...here]))
  })

/** A namespaced object of a place. */
export const at = ({ namespace }: Pick<Place, "namespace">, type: Reference["type"], name: string): Reference => ({
  type,
  namespace,
  name
})

// internal

const recordIn = (folder: string) => Path.join(folder, "kubernetes.json")

const Places = Schema.Array(Place)
const encodePlace = Schema.encodeSync(Schema.parseJson(Place))
const encodePlaces = Schema.encodeSync(Schema.parseJson(Places))

const recorded = (instance: Of) =>
  Effect.flatMap(folders(instance), ({ generation }) => readJson(recordIn(generation), Place))

const decodeNamespace = Schema.decodeUnknownOption(NamespaceObject)

const lookUp = (namespace: string) =>
  Effect.gen(function* () {
    const { get } = yield* KubernetesClient
    const found = yield* get({ type: types.namespaces, namespace: "", name: namespace })
    return Option.map(Option.flatMap(found, decodeNamespace), ({ metadata, status }) => ({
      uid: metadata.uid ?? "",
      isTerminating: status.phase === "Terminating" || metadata.deletionTimestamp !== undefined
    }))
  })

/** Observes an instance through its Deployment, its pods and its Services. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { OperationalState } from "../../Deployment.js"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { Home } from "../../Store/Home.js"
import { DeploymentObject, EventObject, PodObject } from "../Client/Resources.js"
import { KubernetesClient, type QueryError, type Resource, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import { BackendContext } from "./BackendContext.js"
import { at, type Place, placeOf, requirePlace } from "./Place.js"
import { assess, cannotPull } from "./PodStates.js"
import { urlsOf } from "./Urls.js"

/** The failures of an observation. */
export type ObserveError = QueryError | EngineUnavailable | PlatformError

/**
 * Observes an instance.
 *
 * @param stored the metadata of the instance in the registry
 */
export const observe = (
  instance: Instance,
  stored: OperationalState["metadata"]
): Effect.Effect<OperationalState, ObserveError, KubernetesClient | BackendContext | Home | FileSystem> =>
  Effect.gen(function* () {
    const place = yield* placeOf(instance, stored)
    // Without a record nothing was ever started.
    if (Option.isNone(place)) return absent
    const found = yield* findDeployment(instance, place.value)
    return Option.isNone(found)
      ? yield* withoutDeployment(instance, place.value)
      : yield* stateOf(instance, place.value, found.value, {
          starting: Option.exists(Metadata.decodeOf(instance, stored), ({ starting }) => starting === true)
        })
  })

/** The metadata of an instance. */
export const metadataOf = (instance: Instance, { engineId, image, namespace, server }: Place): Metadata.Metadata => ({
  namespace,
  server,
  engineId,
  deployment: Labels.names(instance).instance,
  generation: instance.generation,
  ...(image === undefined ? {} : { image })
})

/** The pods of an instance that are not being removed. */
export const podsOf = (
  { deploymentId, generation }: Pick<Instance, "deploymentId" | "generation">,
  { namespace }: Pick<Place, "namespace">
): Effect.Effect<ReadonlyArray<PodObject>, QueryError, KubernetesClient | BackendContext> =>
  Effect.gen(function* () {
    const { list } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const found = yield* list(types.pods, namespace, Labels.ofInstance({ registryId, deploymentId, generation }))
    return found.flatMap((pod) => Option.toArray(decodePod(pod)))
  })

// internal

const absent = new OperationalState({ status: "absent", metadata: {} })

const decodeDeployment = Schema.decodeUnknownOption(DeploymentObject)
const decodePod = Schema.decodeUnknownOption(PodObject)
const decodeEvent = Schema.decodeUnknownOption(EventObject)

/** The Deployment of an instance; one of that name with other labels is foreign. */
const findDeployment = (instance: Instance, place: Place) =>
  Effect.gen(function* () {
    const { get } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const found = yield* get(at(place, types.deployments, Labels.names(instance).instance))
    return Option.filter(found, ({ metadata }) =>
      Labels.isOf(metadata.labels, { registryId, deploymentId: instance.deploymentId })
    )
  })

/** A part of an instance without its Deployment was left by a person or a crash. */
const withoutDeployment = (instance: Instance, place: Place) =>
  Effect.gen(function* () {
    const { list } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const labels = Labels.ofInstance({ ...instance, registryId })
    const parts = [
      ...(yield* list(types.services, place.namespace, labels)),
      ...(yield* list(types.secrets, place.namespace, labels))
    ]
    if (parts.length === 0) {
      yield* requirePlace(place, "observe a deployment")
      return absent
    }
    return new OperationalState({
      status: "error",
      metadata: Metadata.encode(metadataOf(instance, place)),
      reason: `its Deployment ${Labels.names(instance).instance} does not exist any more in the namespace ${place.namespace}`
    })
  })

const stateOf = (instance: Instance, place: Place, found: Resource, { starting }: { readonly starting: boolean }) =>
  Effect.gen(function* () {
    const metadata = Metadata.encode(metadataOf(instance, place))
    const deployment = decodeDeployment(found)
    if (Option.isNone(deployment) || found.metadata.deletionTimestamp !== undefined) {
      return new OperationalState({ status: "error", metadata, reason: removal(found) })
    }
    const pods = (yield* podsOf(instance, place)).filter((pod) => pod.metadata.deletionTimestamp === undefined)
    const { now } = yield* KubernetesClient
    const assessment = assess({
      deployment: deployment.value,
      pods,
      pullMessages: pods.some(cannotPull) ? yield* pullMessages(place, pods.filter(cannotPull)) : [],
      starting,
      now: yield* now,
      schedulingMillis: Number(found.metadata.annotations[Labels.annotations.scheduling] ?? 10_000),
      memory: memoryOf(found)
    })
    switch (assessment._tag) {
      case "Failed":
        return new OperationalState({ status: "error", metadata, reason: assessment.reason })
      case "Waiting":
        return new OperationalState({ status: "pending", metadata, reason: assessment.reason })
      case "Ready": {
        const urls = yield* urlsOf(instance, place)
        return new OperationalState(
          "reason" in urls
            ? { status: "error", metadata, reason: urls.reason }
            : { status: "running", metadata, url: urls.url, publicUrl: urls.publicUrl }
        )
      }
    }
  })

const removal = ({ metadata }: Resource): string =>
  metadata.finalizers.length === 0
    ? "its Deployment is being removed"
    : `its Deployment is being removed and waits for ${metadata.finalizers.join(", ")}`

/** The messages of the kubelet about images, newest first. */
const pullMessages = (place: Place, pods: ReadonlyArray<PodObject>) =>
  Effect.gen(function* () {
    const { list } = yield* KubernetesClient
    const found = yield* Effect.forEach(pods.slice(0, 3), ({ metadata }) =>
      list(types.events, place.namespace, {}, { "involvedObject.name": metadata.name, reason: "Failed" })
    )
    return found.flat().flatMap((event) => Option.toArray(Option.flatMap(decodeEvent(event), textOf)))
  })

const textOf = ({ message }: typeof EventObject.Type): Option.Option<string> =>
  Option.filter(Option.fromNullable(message), (text) => !text.startsWith("Error:"))

const Limits = Schema.Struct({
  spec: Schema.Struct({
    template: Schema.Struct({
      spec: Schema.Struct({
        containers: Schema.Array(
          Schema.Struct({ resources: Schema.Struct({ limits: Schema.Struct({ memory: Schema.String }) }) })
        )
      })
    })
  })
})

const decodeLimits = Schema.decodeUnknownOption(Limits)

/** Such as `512Mi`, in the form of the cluster. */
const memoryOf = (found: Resource): string | undefined =>
  Option.getOrUndefined(decodeLimits(found))?.spec.template.spec.containers[0]?.resources.limits.memory

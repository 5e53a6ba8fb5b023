/** Ends and removes instances and deployments. Only objects with our labels are touched. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { OperationalState } from "../../Deployment.js"
import { DeploymentDeprovisionFailed, type EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import * as InstanceFiles from "../../Flavor/InstanceFiles.js"
import { keepDeadlines } from "../../Internal/Deadline.js"
import type { Home } from "../../Store/Home.js"
import { type ChangeError, KubernetesClient, type Resource, type ResourceType, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import { BackendContext } from "./BackendContext.js"
import { namespaces, type Place, placeOf, placesOf, requirePlace } from "./Place.js"

type Needs = Home | FileSystem | KubernetesClient | BackendContext

type Of = Pick<Instance, "deploymentId" | "generation" | "name">

/** The failures of an end. */
export type EndError = ChangeError | PlatformError | EngineUnavailable | DeploymentDeprovisionFailed

/**
 * Stops the pods of an instance and removes its objects and files. Missing objects are a success.
 *
 * @param place known, or else that of the registry or the home
 */
export const end = (instance: Of, place: Place, grace: Duration.DurationInput): Effect.Effect<void, EndError, Needs> =>
  Effect.gen(function* () {
    const { generation } = instance
    yield* removeLabelled(instance, place.namespace, [types.autoscalers], generation)
    const deployments = yield* removeLabelled(instance, place.namespace, [types.deployments], generation)
    yield* awaitGone(instance, place.namespace, generation, grace)
    if (deployments.length === 0) yield* requirePlace(place, "remove a deployment")
    yield* removeLabelled(instance, place.namespace, [types.services, types.secrets], generation)
    yield* removeFiles(instance)
  })

/** See {@link end}, for an instance of the registry. An instance without a record was never started. */
export const endStored = (
  instance: Of,
  stored: OperationalState["metadata"],
  grace: Duration.DurationInput
): Effect.Effect<void, EndError, Needs> =>
  Effect.flatMap(
    placeOf(instance, stored),
    Option.match({ onNone: () => removeFiles(instance), onSome: (place) => end(instance, place, grace) })
  )

/** Removes every object of a deployment, its files too. A volume that a claim of the settings names stays. */
export const destroy = (deployment: Pick<Instance, "deploymentId" | "name">): Effect.Effect<void, EndError, Needs> =>
  Effect.gen(function* () {
    const known = (yield* placesOf(deployment)).map(({ namespace }) => namespace)
    const places = known.length > 0 ? Array.from(new Set(known)) : yield* namespaces([])
    for (const namespace of places) {
      const everywhere = { ...deployment, generation: 0 }
      yield* removeLabelled(everywhere, namespace, [types.autoscalers, types.deployments], undefined)
      yield* awaitGone(everywhere, namespace, undefined, survivorGrace)
      yield* removeLabelled(everywhere, namespace, sharedAndOwn, undefined)
    }
    yield* InstanceFiles.removeDeployment(deployment, () => Effect.void)
  })

/**
 * Removes the objects with the labels of a generation, or of all generations without one, and returns them. 0 are the
 * objects that all generations share.
 */
export const removeLabelled = (
  { deploymentId }: Pick<Instance, "deploymentId">,
  namespace: string,
  resources: ReadonlyArray<ResourceType>,
  generation: number | undefined
): Effect.Effect<ReadonlyArray<Resource>, ChangeError, KubernetesClient | BackendContext> =>
  Effect.gen(function* () {
    const { list, remove } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const removed = yield* Effect.forEach(resources, (type) =>
      Effect.gen(function* () {
        const found = yield* list(type, namespace, Labels.ofDeployment({ registryId, deploymentId }))
        const chosen = found.filter(
          ({ metadata }) =>
            generation === undefined || Number(metadata.labels[Labels.keys.generation] ?? 0) === generation
        )
        yield* Effect.forEach(chosen, ({ metadata: { name, uid } }) =>
          remove(
            { type, namespace, name },
            { uid, propagation: type === types.deployments ? "foreground" : "background" }
          )
        )
        return chosen
      }).pipe(Effect.catchIf(isMissingType, () => Effect.succeed<ReadonlyArray<Resource>>([])))
    )
    return removed.flat()
  })

/** Removes the Secrets of earlier starts of a generation with another content. */
export const removeStaleSecrets = (
  { deploymentId, generation }: Pick<Instance, "deploymentId" | "generation">,
  { namespace }: Pick<Place, "namespace">,
  current: string
): Effect.Effect<void, ChangeError, KubernetesClient | BackendContext> =>
  Effect.gen(function* () {
    const { list, remove } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const found = yield* list(types.secrets, namespace, Labels.ofInstance({ registryId, deploymentId, generation }))
    yield* Effect.forEach(
      found.filter(({ metadata }) => metadata.name !== current),
      ({ metadata: { name, uid } }) => remove({ type: types.secrets, namespace, name }, { uid }),
      { discard: true }
    )
  })

// internal

const survivorGrace: Duration.DurationInput = "5 seconds"

const sharedAndOwn = [
  types.ingresses,
  types.networkPolicies,
  types.disruptionBudgets,
  types.services,
  types.configMaps,
  types.secrets
]

/** A user without the right for a type that the settings do not need has no object of it. */
const isMissingType = (error: ChangeError): boolean =>
  (error._tag === "ApiForbidden" && !error.unauthenticated) || (error._tag === "ApiRejected" && error.status === 404)

const removeFiles = (instance: Of) =>
  Effect.gen(function* () {
    const { generation } = yield* InstanceFiles.folders(instance)
    yield* InstanceFiles.removeGeneration({ generation, secrets: `${generation}/secrets` })
  })

/**
 * Waits until no pod and no Deployment is left, and shortens the time to the kill of pods to the grace. The wait has a bound:
 * then it names what holds them.
 */
const awaitGone = (
  instance: Pick<Instance, "deploymentId" | "name">,
  namespace: string,
  generation: number | undefined,
  grace: Duration.DurationInput
) =>
  Effect.gen(function* () {
    const { list, remove } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const owner = { registryId, deploymentId: instance.deploymentId }
    const labels = generation === undefined ? Labels.ofDeployment(owner) : Labels.ofInstance({ ...owner, generation })
    const graceSeconds = Math.max(1, Math.ceil(Duration.toSeconds(grace)))
    const left = Effect.gen(function* () {
      const pods = yield* list(types.pods, namespace, labels)
      const hurried = pods.filter(
        ({ metadata: { deletionGracePeriodSeconds = 0, deletionTimestamp } }) =>
          deletionTimestamp !== undefined && deletionGracePeriodSeconds > graceSeconds
      )
      yield* Effect.forEach(hurried, ({ metadata: { name, uid } }) =>
        remove({ type: types.pods, namespace, name }, { uid, graceSeconds })
      )
      return [...pods, ...(yield* list(types.deployments, namespace, labels))]
    })
    const rest = yield* left.pipe(
      Effect.repeat({ until: (found) => found.length === 0, schedule: lookAgain }),
      Effect.timeoutTo({
        duration: Duration.sum(Duration.seconds(graceSeconds), patience),
        onSuccess: () => Effect.succeed<ReadonlyArray<Resource>>([]),
        onTimeout: () => left
      }),
      Effect.flatten,
      keepDeadlines
    )
    const [first] = rest
    if (first !== undefined) {
      return yield* new DeploymentDeprovisionFailed({ name: instance.name, reason: holding(first) })
    }
  })

/** Shorter than the time that an operation has besides the grace: its failure would not name the finalizer. */
const patience = Duration.seconds(25)

const lookAgain = Schedule.union(Schedule.exponential("50 millis", 1.3), Schedule.spaced("500 millis"))

const holding = ({ metadata: { finalizers, name } }: Resource): string =>
  finalizers.length === 0
    ? `${name} is still being removed; look for the reason with \`kubectl describe\` and try again`
    : `${name} waits for the finalizers ${finalizers.join(", ")}; the controller that set them has to remove them`

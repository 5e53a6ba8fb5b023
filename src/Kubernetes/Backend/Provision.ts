/** Starts instances: the Secret, the Service and the Deployment of a generation. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { OperationalState } from "../../Deployment.js"
import type { DockerClient } from "../../Docker/DockerClient.js"
import type { ImageBuilder } from "../../Docker/ImageBuilder.js"
import type { DeploymentProvisionFailed, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { BackendPrepareError, PrepareProgress } from "../../Flavor/Backend.js"
import { toProvisionError } from "../../Flavor/ErrorText.js"
import type { Home } from "../../Store/Home.js"
import { DeploymentObject, ServiceObject } from "../Client/Resources.js"
import { toUnavailable } from "../ClusterErrors.js"
import { type ChangeError, KubernetesClient, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import type { Parts, Request } from "../Objects/Context.js"
import { identityOf } from "../Objects/Identity.js"
import { instanceObjects, intakeMap, type Planned, sharedObjects, startSize } from "../Objects/Objects.js"
import { requireRights } from "./Access.js"
import { apply, findOurs, requireFree } from "./Apply.js"
import { BackendContext } from "./BackendContext.js"
import { imageOf, prepareImage } from "./Images.js"
import { metadataOf } from "./Observe.js"
import { at, type Place, placeOfRequest, writeRecords } from "./Place.js"
import { type EndError, end, removeStaleSecrets } from "./Remove.js"

/** The services that starting needs. */
export type Needs = Home | FileSystem | DockerClient | ImageBuilder | KubernetesClient | BackendContext

/** The failures of a start. */
export type StartError =
  | ChangeError
  | BackendPrepareError
  | EndError
  | PlatformError
  | DeploymentProvisionFailed
  | ResourceNotOwned

/**
 * Makes everything ready that changes nothing in the cluster: the namespace exists, the user has the rights, the names are
 * free, no other manager owns the fields, and the image is in its registry.
 */
export const prepare = (
  request: Request,
  progress: PrepareProgress
): Effect.Effect<Readonly<Record<string, unknown>>, BackendPrepareError, Needs> =>
  Effect.gen(function* () {
    const resolved = yield* Effect.mapError(verify(request), toPrepareError(request.name))
    return yield* prepareImage(resolved, progress)
  })

/** Starts an instance; the same request again changes nothing. A failed start leaves nothing. */
export const start = (request: Request): Effect.Effect<OperationalState, StartError, Needs> =>
  Effect.gen(function* () {
    const found = yield* placeOfRequest(request)
    const resolved = inPlace(request, found)
    const { deployer } = yield* BackendContext
    const image = yield* imageOf(resolved)
    const place = { ...found, image }
    const identity = identityOf(resolved, deployer)
    const parts: Parts = { request: resolved, identity, image, startReplicas: yield* startReplicas(resolved) }
    yield* requireFree(resolved, [
      ...instanceObjects(parts).map(({ reference }) => reference),
      ...sharedObjects(parts).map(({ reference }) => reference)
    ])
    yield* create(resolved, parts, place).pipe(Effect.onError(() => Effect.ignoreLogged(end(resolved, place, 1))))
    return new OperationalState({
      status: "pending",
      metadata: Metadata.encode({ ...metadataOf(resolved, place), starting: true }),
      reason: "its pods are starting"
    })
  })

// internal

const toPrepareError = (name: string) => (error: StartError) =>
  error._tag === "ClusterUnreachable" ? toUnavailable("verify a deployment")(error) : toProvisionError(name)(error)

const inPlace = (request: Request, { namespace }: Pick<Place, "namespace">): Request => ({
  ...request,
  settings: { ...request.settings, namespace }
})

/** Everything that can refuse a request before its image is built. */
const verify = (request: Request) =>
  Effect.gen(function* () {
    const place = yield* placeOfRequest(request)
    yield* requireRights(request, place.namespace)
    const resolved = inPlace(request, place)
    const { deployer } = yield* BackendContext
    const identity = identityOf(resolved, deployer)
    const parts: Parts = { request: resolved, identity, image: unknownImage, startReplicas: 1 }
    const shared = sharedObjects(parts)
    yield* requireFree(resolved, [
      ...shared.map(({ reference }) => reference),
      intakeMap(parts).reference,
      at(place, types.deployments, Labels.names(resolved).instance)
    ])
    // The fields of others come to light before anything changes.
    const force = request.settings.force
    yield* Effect.forEach(shared, (planned) => apply(planned, { dryRun: true, force }), { concurrency: 4 })
    return resolved
  })

const unknownImage = { reference: "unknown", entrypoint: [] }

const create = (request: Request, parts: Parts, place: Place) =>
  Effect.gen(function* () {
    const force = { force: request.settings.force }
    yield* writeRecords(request, place)
    yield* removeFailed(request, place)
    const shared = sharedObjects(parts)
    const service = yield* findOurs(request, at(place, types.services, Labels.names(request).shared))
    // Later generations change the shared objects when they are accepted.
    if (Option.isNone(service)) yield* Effect.forEach(shared, (planned) => apply(planned, force), { discard: true })
    yield* apply(intakeMap(parts), { force: true })
    yield* Effect.forEach(instanceObjects(parts), (planned) => applyWithSize(parts, planned, force), { discard: true })
    yield* removeStaleSecrets(request, place, parts.identity.names.secret)
  })

/**
 * A Deployment for an autoscaler starts with the replicas of the old generation. Their field then belongs to a manager that
 * never applies it again, so that no later apply resets the work of the autoscaler.
 */
const applyWithSize = (parts: Parts, planned: Planned, options: { readonly force: boolean }) =>
  Effect.gen(function* () {
    const size = startSize(parts)
    const { get } = yield* KubernetesClient
    const isNew = size !== undefined && planned.reference.type === types.deployments
    if (isNew && Option.isNone(yield* get(planned.reference))) {
      yield* apply({ ...planned, object: withSize(planned.object, parts.startReplicas) }, options)
      yield* apply(size)
    }
    return yield* apply(planned, options)
  })

const withSize = (object: object, replicas: number) => ({
  ...object,
  spec: { ...("spec" in object && typeof object.spec === "object" ? object.spec : {}), replicas }
})

/** A Deployment of the same generation whose pods fail would wait for its back-off, so it starts anew. */
const removeFailed = (request: Request, place: Place) =>
  Effect.gen(function* () {
    const found = yield* findOurs(request, at(place, types.deployments, Labels.names(request).instance))
    const isServing = Option.exists(
      Option.flatMap(found, Schema.decodeUnknownOption(DeploymentObject)),
      ({ metadata, status }) => status.readyReplicas > 0 && metadata.deletionTimestamp === undefined
    )
    if (Option.isSome(found) && !isServing) yield* end(request, place, 1)
    if (Option.isSome(found) && !isServing) yield* writeRecords(request, place)
  })

/** The replicas that a generation with an autoscaler starts with: as many as callers have now, within its limits. */
const startReplicas = (request: Request) =>
  Effect.gen(function* () {
    const { autoscale, namespace = "", replicas } = request.settings
    if (autoscale === undefined) return replicas
    const { get } = yield* KubernetesClient
    const { shared } = Labels.names(request)
    const leading = Option.flatMap(yield* get(at({ namespace }, types.services, shared)), decodeService)
    const generation = Number(
      leading.pipe(
        Option.map(({ spec }) => spec.selector[Labels.keys.generation]),
        Option.getOrElse(() => "0")
      )
    )
    const old = yield* get(
      at({ namespace }, types.deployments, Labels.names({ name: request.name, generation }).instance)
    )
    const size = Option.match(Option.flatMap(old, Schema.decodeUnknownOption(DeploymentObject)), {
      onNone: () => replicas,
      onSome: ({ spec }) => spec.replicas
    })
    return Math.min(autoscale.max, Math.max(autoscale.min, size))
  })

const decodeService = Schema.decodeUnknownOption(ServiceObject)

/** Starts a generation: creates the service of a deployment, or updates it. */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { OperationalState } from "../../Deployment.js"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import { repeated } from "../../Docker/Backend/BackendErrors.js"
import { imageOf, prepareImage } from "../../Docker/Backend/Images.js"
import { recordOf, writeRecords } from "../../Docker/Backend/Mounts/Files.js"
import { type Service, ServiceChange } from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"
import type { PrepareProgress } from "../../Flavor/Backend.js"
import * as ErrorText from "../../Flavor/ErrorText.js"
import { fingerprint, publicFingerprint } from "../../Flavor/Fingerprint.js"
import * as Metadata from "../Metadata.js"
import { sharedStoreNeeded } from "../Settings.js"
import { change } from "./Change.js"
import { checkNodes, checkSwarm, imageConstraints, taskConstraints } from "./Checks.js"
import { openDoor } from "./Door.js"
import { createFiles, prepareData, removeUnused } from "./Files.js"
import { findService, isOf, requireOurs, type Swarm, tasksOf } from "./Lookup.js"
import { acceptedOf, generationOf, serviceName } from "./Names.js"
import { createInNetwork, ensureNetwork } from "./Network.js"
import { metadataOf } from "./Observe.js"
import { candidates } from "./Ports.js"
import { end } from "./Remove.js"
import { failed, isShared, type Request } from "./Request.js"
import { type ServiceParts, serviceSpec } from "./TaskSpec.js"

/** Makes everything ready that can be made while the old generation serves: the checks of the swarm, and the image. */
export const prepare = (request: Request, progress: PrepareProgress) =>
  Effect.gen(function* () {
    const toError = ErrorText.toProvisionError(request.name)
    yield* Effect.mapError(
      Effect.flatMap(checkSwarm(request), (swarm) => checkNodes(request, swarm)),
      toError
    )
    return yield* prepareImage(request, progress)
  })

/**
 * Starts a generation, or adopts the one that an interrupted start of the same request left. When it fails, the service is as
 * before.
 */
export const start = (request: Request) =>
  Effect.gen(function* () {
    const swarm = yield* checkSwarm(request)
    const found = yield* requireOurs(request)
    if (Option.isSome(found) && (yield* isAdoptable(request, found.value))) {
      yield* openAgain(request, swarm)
      return pending(found.value, request, swarm)
    }
    return yield* Effect.gen(function* () {
      yield* checkNodes(request, swarm)
      yield* writeRecords(request, { engineId: swarm.clusterId, fingerprint: fingerprint(request) })
      const made = yield* makeParts(request, swarm, found)
      yield* put(request, made, found)
      yield* removeUnused(request)
      const service = yield* findService(request)
      if (Option.isNone(service))
        return yield* failed(request.name, "its service was removed at the same time; deploy again")
      return pending(service.value, request, swarm)
    }).pipe(Effect.onError(() => Effect.ignoreLogged(end(request, {}, 0))))
  })

// internal

/** Only a service of the very same request, secrets included, whose tasks run or start. */
const isAdoptable = (request: Request, service: Service) =>
  Effect.gen(function* () {
    const record = yield* recordOf(request)
    if (!Option.exists(record, (known) => known.fingerprint === fingerprint(request))) return false
    if (generationOf(service) !== request.generation || service.replicas === 0) return false
    if (service.labels[Labels.keys.checksum] !== publicFingerprint(request)) return false
    const tasks = yield* tasksOf(service)
    return tasks.some(
      (task) => isOf(request.generation)(task) && (task.state === "running" || task.state === "starting")
    )
  })

const common = (request: Request, swarm: Swarm) =>
  Effect.gen(function* () {
    const { deployer } = yield* BackendContext
    const image = yield* imageOf(request)
    const network = yield* ensureNetwork(request)
    return { deployer, image, network, constraints: imageConstraints(request, swarm) }
  })

const openAgain = (request: Request, swarm: Swarm) =>
  request.settings.publish === "mesh"
    ? Effect.void
    : Effect.flatMap(common(request, swarm), (parts) => openDoor(request, parts))

const makeParts = (request: Request, swarm: Swarm, found: Option.Option<Service>) =>
  Effect.gen(function* () {
    const parts = yield* common(request, swarm)
    const replicas = yield* replicasOf(request, found)
    if (!isShared(request)) yield* prepareData(request, parts.image)
    const port = request.settings.publish === "mesh" ? yield* meshPort(request) : yield* openDoor(request, parts)
    const files = yield* createFiles(request)
    const accepted = Option.getOrUndefined(Option.flatMapNullable(found, acceptedOf))
    const constraints = taskConstraints(request, swarm)
    return { ...parts, constraints, replicas, port, files, accepted } satisfies ServiceParts
  })

/** A number that the settings leave open is that of the service, which may have been scaled. */
const replicasOf = (request: Request, found: Option.Option<Service>) => {
  const kept = Option.getOrElse(
    Option.flatMapNullable(found, ({ replicas }) => replicas),
    () => 1
  )
  const wanted = request.settings.replicas ?? Math.max(1, kept)
  return wanted > 1 && !isShared(request) ? failed(request.name, sharedStoreNeeded) : Effect.succeed(wanted)
}

const meshPort = (request: Request) =>
  Effect.flatMap(candidates(request), ([first]) =>
    first === undefined ? failed(request.name, "no port of portRange is free; set another one") : Effect.succeed(first)
  )

const attemptKey = "effect-deployers.attempt"

/** Creates the service or updates it, once, however often an answer is lost. */
const put = (request: Request, parts: ServiceParts, found: Option.Option<Service>) =>
  Effect.gen(function* () {
    const attempt = Crypto.randomUUID()
    const spec = serviceSpec(request, parts)
    const marked = { ...spec, labels: { ...spec.labels, [attemptKey]: attempt } }
    const update = change(requireOurs(request), (service) =>
      Effect.gen(function* () {
        if (service.labels[attemptKey] === attempt) return undefined
        if (Option.isSome(found) && generationOf(service) !== generationOf(found.value)) {
          return yield* failed(
            request.name,
            `service ${service.name} was changed from outside at the same time; look at \`docker service inspect ${service.name}\`, and deploy again`
          )
        }
        const restart = generationOf(service) === request.generation
        return ServiceChange.Replace({ spec: marked, restart })
      })
    )
    if (Option.isSome(found)) return yield* update
    yield* createInNetwork(request, marked).pipe(
      Effect.catchTag("NameConflict", () => update),
      repeated,
      Effect.uninterruptible
    )
  })

const pending = (service: Service, request: Request, swarm: Swarm): OperationalState =>
  new OperationalState({
    status: "pending",
    metadata: Metadata.encode({
      ...metadataOf(service, { generation: request.generation, engineId: swarm.clusterId, port: undefined }),
      starting: true
    }),
    reason: `service ${serviceName(request.deploymentId)} starts it`
  })

/** The overlay network of a deployment, which only its tasks and its door join. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import { repeated } from "../../Docker/Backend/BackendErrors.js"
import { sharedLabels } from "../../Docker/Backend/ServiceContainer.js"
import { DockerClient, type ServiceSpec } from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"
import { ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import { findDoors, findService, until } from "./Lookup.js"
import type { Request } from "./Request.js"

/** Makes sure that the network of a deployment exists, and returns its name. */
export const ensureNetwork = (request: Request) =>
  Effect.gen(function* () {
    const { networks } = yield* DockerClient
    const { deployer, registryId } = yield* BackendContext
    const name = Labels.networkName(request.deploymentId)
    const spec = { name, driver: "overlay", labels: sharedLabels(request, deployer) }
    const requireOurs = Effect.filterOrFail(
      networks.inspect(name),
      ({ labels }) => Labels.isOurs(labels, registryId),
      () => new ResourceNotOwned({ name: request.name, resource: `a network named "${name}"` })
    )
    yield* repeated(Effect.uninterruptible(networks.create(spec))).pipe(
      Effect.catchTag("NameConflict", () => requireOurs)
    )
    return name
  })

/**
 * Creates a service in the network of its deployment. A network that was just removed has its name for a moment longer, as
 * long as a node still has a task in it; then the network is created again.
 */
export const createInNetwork = (request: Request, spec: ServiceSpec) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient
    yield* ensureNetwork(request)
    return yield* services.create(spec)
  }).pipe(
    Effect.retry({ schedule: leaving, while: ({ _tag }) => _tag === "EngineError" || _tag === "NetworkNotFound" })
  )

/** Removes the network of a deployment that has neither a service nor a door. Its last tasks leave it a moment later. */
export const removeNetwork = (deployment: Pick<Instance, "deploymentId">) =>
  Effect.gen(function* () {
    const { networks } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const ours = yield* networks.list(Labels.filter({ registryId, deploymentId: deployment.deploymentId }))
    if (ours.length === 0 || (yield* findService(deployment))._tag === "Some") return
    if ((yield* findDoors(deployment)).length > 0) return
    yield* Effect.forEach(ours, ({ id }) => repeated(networks.remove(id)).pipe(Effect.retry(leaving)), {
      discard: true
    })
    const labels = Labels.filter({ registryId, deploymentId: deployment.deploymentId })
    yield* until(networks.list(labels), ({ length }) => length === 0, leavingMillis)
  })

// internal

const leavingMillis = 15_000

const leaving = Schedule.intersect(Schedule.spaced("250 millis"), Schedule.recurs(60))

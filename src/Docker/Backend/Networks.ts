/** The network of a deployment: its own, which only its generations join, or an existing one. */
import * as Effect from "effect/Effect"
import type { DeploymentId } from "../../Deployment.js"
import { type DeploymentProvisionFailed, type OutcomeUnknown, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import {
  type ChangeError,
  DockerClient,
  type NetworkSpec,
  type QueryError,
  type SpecRejected
} from "../DockerClient.js"
import * as Labels from "../Labels.js"
import { BackendContext } from "./BackendContext.js"
import { failed, repeated } from "./BackendErrors.js"
import { listContainers } from "./Lookup.js"
import { type Request, sharedLabels } from "./ServiceContainer.js"

/** The failures of {@link ensureNetwork}. */
export type NetworkError = DeploymentProvisionFailed | ResourceNotOwned | SpecRejected | ChangeError | QueryError

/** The name of the network a requested instance joins. */
export const networkOf = ({ deploymentId, settings }: Request): string =>
  settings.network ?? Labels.networkName(deploymentId)

/** Makes sure that the network of a request exists. The engine needs it to start a container, not to create it. */
export const ensureNetwork = (request: Request): Effect.Effect<void, NetworkError, DockerClient | BackendContext> => {
  const { network } = request.settings
  return network === undefined ? ownNetwork(request) : existing(request.name, network)
}

/** Removes a deployment's own network when no container of the deployment is left. A foreign network of its name stays. */
export const removeNetwork = (
  deploymentId: DeploymentId
): Effect.Effect<void, ChangeError | QueryError | OutcomeUnknown, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { networks } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const ours = yield* networks.list(Labels.filter({ registryId, deploymentId }))
    if (ours.length === 0 || (yield* listContainers({ deploymentId })).length > 0) return
    yield* Effect.forEach(
      ours,
      ({ id }) => repeated(networks.remove(id)).pipe(Effect.catchTag("NetworkInUse", () => Effect.void)),
      { discard: true }
    )
  })

// internal

const existing = (name: string, network: string) =>
  Effect.gen(function* () {
    const { networks } = yield* DockerClient
    yield* networks
      .inspect(network)
      .pipe(
        Effect.catchTag("NetworkNotFound", () =>
          Effect.fail(
            failed(
              name,
              `there is no network "${network}"; create it with \`docker network create ${network}\`, or omit the setting network`
            )
          )
        )
      )
  })

/** The request cannot be interrupted: a network that the engine creates after it could not be removed. */
const ownNetwork = (request: Request) =>
  Effect.gen(function* () {
    const { networks } = yield* DockerClient
    const { deployer, registryId } = yield* BackendContext
    const spec = networkSpec(request, deployer)
    const requireOurs = Effect.filterOrFail(
      networks.inspect(spec.name),
      ({ labels }) => Labels.isOurs(labels, registryId),
      ({ name }) => new ResourceNotOwned({ name: request.name, resource: `a network named "${name}"` })
    )
    yield* repeated(Effect.uninterruptible(networks.create(spec))).pipe(
      Effect.catchTag("NameConflict", () => requireOurs),
      Effect.catchTag("NetworkNotFound", () =>
        Effect.fail(failed(request.name, "its network was removed at the same time; deploy again"))
      ),
      Effect.catchTag("EngineError", (error) => Effect.fail(exhausted(request.name, error.reason)))
    )
  })

const networkSpec = (request: Request, deployer: string): NetworkSpec => ({
  name: Labels.networkName(request.deploymentId),
  labels: sharedLabels(request, deployer),
  // Generations of a deployment do not communicate.
  options: { "com.docker.network.bridge.enable_icc": "false" }
})

const exhausted = (name: string, reason: string) =>
  failed(
    name,
    `the engine could not create its network: ${reason.replace(/\.$/, "")}. An engine has about 30 networks by default; let deployments share one with the setting network`
  )

/** The network of a deployment: one of its own, where nothing but its generations is, or one that exists. */
import * as Effect from "effect/Effect"
import type { DeploymentId } from "../../Deployment.js"
import { type DeploymentProvisionFailed, type OutcomeUnknown, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import {
  type ChangeError,
  DockerClient,
  type NetworkSpec,
  type QueryError,
  type SpecRejected
} from "../DockerClient.js"
import * as Labels from "../Labels.js"
import type { DockerSettings } from "../Settings.js"
import { BackendContext } from "./BackendContext.js"
import { sharedLabels } from "./ContainerLabels.js"
import { failed, repeated } from "./Failures.js"
import { listContainers } from "./Lookup.js"

/** How having a network fails. */
export type NetworkError = DeploymentProvisionFailed | ResourceNotOwned | SpecRejected | ChangeError | QueryError

/** The name of the network a requested instance joins. */
export const networkOf = ({ deploymentId, settings }: ProvisionRequest<DockerSettings>): string =>
  settings.network ?? Labels.networkName(deploymentId)

/**
 * Sees to it that the network exists which a requested instance joins. An engine wants it when a container is started,
 * not when it is made.
 */
export const ensureNetwork = (
  request: ProvisionRequest<DockerSettings>
): Effect.Effect<void, NetworkError, DockerClient | BackendContext> => {
  const { network } = request.settings
  return network === undefined ? ownNetwork(request) : existing(request.name, network)
}

/**
 * Removes a deployment's own network, if there is one and no container of the deployment is left. Another's of that name
 * is left alone.
 */
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
              `there is no network "${network}"; make it with \`docker network create ${network}\`, or leave the setting network out`
            )
          )
        )
      )
  })

/** Once begun it is carried on: what an engine makes of half a request is nothing that could be taken back now. */
const ownNetwork = (request: ProvisionRequest<DockerSettings>) =>
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
      Effect.catchTag("NetworkNotFound", () => Effect.fail(failed(request.name, "its network was removed meanwhile"))),
      Effect.catchTag("EngineError", (error) => Effect.fail(exhausted(request.name, error.reason)))
    )
  })

const networkSpec = (request: ProvisionRequest<DockerSettings>, deployer: string): NetworkSpec => ({
  name: Labels.networkName(request.deploymentId),
  labels: sharedLabels(request, deployer),
  // Generations of a deployment have nothing to say to each other.
  options: { "com.docker.network.bridge.enable_icc": "false" }
})

const exhausted = (name: string, reason: string) =>
  failed(
    name,
    `the engine could not make a network for it: ${reason.replace(/\.$/, "")}. An engine has about 30 networks by default; let deployments share one with the setting network`
  )

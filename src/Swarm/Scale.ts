/** Changes the number of tasks of a deployment, without a new generation. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeploymentId } from "../Deployment.js"
import { DockerClient, type Service, ServiceChange } from "../Docker/DockerClient.js"
import * as Labels from "../Docker/Labels.js"
import { DeploymentInvalidSettings } from "../Errors/Input.js"
import { DeploymentNotFound, type EngineUnavailable } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"
import { change } from "./Backend/Change.js"
import { runsKey, serviceName } from "./Backend/Names.js"
import { toUnavailable } from "./EngineErrors.js"
import { sharedStoreNeeded } from "./Settings.js"

/**
 * Scales a deployment to a number of tasks, at least 1. The next generation keeps the number, unless its settings have
 * `replicas`. Returns when the swarm has accepted the number; its tasks follow.
 *
 * @param ref the name or the id of the deployment
 *
 * @category constructors
 * @since 0.2.0
 */
export const scale = (
  ref: string,
  replicas: number
): Effect.Effect<
  void,
  DeploymentNotFound | DeploymentInvalidSettings | EngineUnavailable | StoreError,
  DeploymentStore | DockerClient
> =>
  Effect.gen(function* () {
    const deployments = yield* DeploymentStore
    const registryId = yield* deployments.identity
    const found = yield* deployments.find(ref)
    if (Option.isNone(found)) return yield* new DeploymentNotFound({ ref })
    const { id } = found.value.deployment
    if (!Number.isInteger(replicas) || replicas < 1) return yield* refused("must be a whole number from 1 on")
    const service = yield* Effect.mapError(find(id, registryId), toUnavailable("scale a service"))
    if (Option.isNone(service)) return yield* new DeploymentNotFound({ ref })
    if (replicas > 1 && service.value.labels[runsKey] !== "shared") return yield* refused(sharedStoreNeeded)
    yield* change(find(id, registryId), (now) =>
      Effect.succeed(now.replicas === replicas ? undefined : ServiceChange.Scale({ replicas }))
    ).pipe(Effect.mapError(toUnavailable("scale a service")))
  })

// internal

const refused = (reason: string) => new DeploymentInvalidSettings({ issues: [{ path: "replicas", reason }] })

const find = (deploymentId: DeploymentId, registryId: string) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient
    const found = yield* services.inspect(serviceName(deploymentId)).pipe(
      Effect.asSome,
      Effect.catchTag("ServiceNotFound", () => Effect.succeedNone)
    )
    return Option.filter<Service>(found, ({ labels }) => Labels.isOfDeployment(labels, { deploymentId, registryId }))
  })

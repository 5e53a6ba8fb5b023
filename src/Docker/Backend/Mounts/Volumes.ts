/** Volumes of a deployment in the engine. */
import * as Effect from "effect/Effect"
import { type OutcomeUnknown, ResourceNotOwned } from "../../../Errors/Lifecycle.js"
import type { Instance } from "../../../Flavor/Instance.js"
import { type ChangeError, DockerClient, type QueryError, type SpecRejected } from "../../DockerClient.js"
import * as Labels from "../../Labels.js"
import { BackendContext } from "../BackendContext.js"
import { repeated } from "../BackendErrors.js"
import type { Request } from "../ServiceContainer.js"

/** Creates a volume, or finds ours. An engine returns an existing volume of the name, even a foreign one. */
export const ensureVolume = (
  request: Pick<Request, "deploymentId" | "name" | "registryId">,
  { labels, name }: { readonly name: string; readonly labels: Labels.Labels }
): Effect.Effect<void, ResourceNotOwned | SpecRejected | ChangeError, DockerClient> =>
  Effect.gen(function* () {
    const { volumes } = yield* DockerClient
    const volume = yield* repeated(volumes.create({ name, labels }))
    if (Labels.isOfDeployment(volume.labels, request)) return
    return yield* new ResourceNotOwned({ name: request.name, resource: `a volume named "${name}"` })
  })

/** Removes a volume of a deployment that no container has any more. A missing or a foreign one stays as it is. */
export const removeVolume = (
  { deploymentId }: Pick<Instance, "deploymentId">,
  volume: string
): Effect.Effect<void, OutcomeUnknown | ChangeError | QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { volumes } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const listed = yield* volumes.list(Labels.filter({ registryId, deploymentId }))
    if (!listed.some(({ name }) => name === volume)) return
    yield* Effect.catchTag(repeated(volumes.remove(volume)), "VolumeInUse", () => Effect.void)
  })

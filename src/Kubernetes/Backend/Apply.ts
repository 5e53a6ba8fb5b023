/** Applies objects, and touches none that is foreign. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import {
  type ApplyOptions,
  type ChangeError,
  describe,
  KubernetesClient,
  type QueryError,
  type Reference,
  type Resource
} from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import type { Planned } from "../Objects/Objects.js"
import { BackendContext } from "./BackendContext.js"

type Of = Pick<Instance, "deploymentId" | "name">

/** An object of a deployment; none if it does not exist. Fails for a foreign one. */
export const findOurs = (
  { deploymentId, name }: Of,
  reference: Reference
): Effect.Effect<Option.Option<Resource>, QueryError | ResourceNotOwned, KubernetesClient | BackendContext> =>
  Effect.gen(function* () {
    const { get } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const found = yield* get(reference)
    if (Option.isNone(found) || Labels.isOf(found.value.metadata.labels, { registryId, deploymentId })) return found
    return yield* new ResourceNotOwned({ name, resource: `the ${describe(reference)}` })
  })

/** Fails if one of the names belongs to a foreign object. */
export const requireFree = (
  of: Of,
  references: ReadonlyArray<Reference>
): Effect.Effect<void, QueryError | ResourceNotOwned, KubernetesClient | BackendContext> =>
  Effect.forEach(references, (reference) => findOurs(of, reference), { concurrency: 4, discard: true })

/** Applies an object that is ours or does not exist. */
export const apply = (
  { manager, object, reference }: Planned,
  options: Omit<ApplyOptions, "manager"> = {}
): Effect.Effect<Resource, ChangeError, KubernetesClient> =>
  Effect.flatMap(KubernetesClient, (client) => client.apply(reference, object, { ...options, manager }))

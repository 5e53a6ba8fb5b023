/** The rights that the flavor needs, verified before anything changes. */
import * as Effect from "effect/Effect"
import { DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import { groupOf } from "../Client/Resources.js"
import { KubernetesClient, type QueryError, type ResourceType, type Right, types } from "../KubernetesClient.js"
import type { Request } from "../Objects/Context.js"

/** The rights for a request. `docs/kubernetes.md` has them as a Role. */
export const rightsFor = ({ settings }: Pick<Request, "settings">): ReadonlyArray<Right> => [
  ...[types.deployments, types.services, types.secrets, types.configMaps, types.disruptionBudgets].flatMap(owned),
  ...(settings.networkPolicy ? owned(types.networkPolicies) : []),
  ...(settings.exposure === "ingress" ? owned(types.ingresses) : []),
  ...(settings.autoscale === undefined ? [] : owned(types.autoscalers)),
  ...(["get", "list", "watch", "patch", "delete"] as const).map((verb) => ({ verb, type: types.pods })),
  { verb: "get", type: types.pods, subresource: "log" },
  { verb: "list", type: types.events },
  ...(settings.exposure === "nodePort" && settings.address === undefined
    ? [{ verb: "list" as const, type: types.nodes }]
    : [])
]

/** Fails with the verbs and resources that are missing. */
export const requireRights = (
  request: Pick<Request, "name" | "settings">,
  namespace: string
): Effect.Effect<void, QueryError | DeploymentProvisionFailed, KubernetesClient> =>
  Effect.gen(function* () {
    const { cluster, missingRights } = yield* KubernetesClient
    const missing = yield* missingRights(namespace, rightsFor(request))
    if (missing.length === 0) return
    const { context } = yield* cluster
    return yield* new DeploymentProvisionFailed({
      name: request.name,
      logs: [],
      reason: `the user of the context "${context}" lacks rights in the namespace "${namespace}": ${sentence(missing)}; give it the Role of docs/kubernetes.md`
    })
  })

// internal

const owned = (type: ResourceType): ReadonlyArray<Right> =>
  (["get", "list", "create", "patch", "delete"] as const).map((verb) => ({ verb, type }))

/** The missing verbs by resource: `create, patch secrets; list events`. */
const sentence = (missing: ReadonlyArray<Right>): string => {
  const verbs = new Map<string, Array<string>>()
  for (const { subresource, type, verb } of missing) {
    const group = groupOf(type)
    const resource = `${type.plural}${subresource === undefined ? "" : `/${subresource}`}${group === "" ? "" : `.${group}`}`
    verbs.set(resource, [...(verbs.get(resource) ?? []), verb])
  }
  return Array.from(verbs, ([resource, list]) => `${list.join(", ")} ${resource}`).join("; ")
}

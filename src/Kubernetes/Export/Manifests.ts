/** The manifests of a source: the objects of the deployer, in the order in which they are applied. */
import { encodeManifest } from "../../Flavor/InstanceManifest.js"
import type { ResourceType } from "../Client/Resources.js"
import { types } from "../KubernetesClient.js"
import type { Exported, Manifest, SecretEntry } from "../Manifests.js"
import type { Parts } from "../Objects/Context.js"
import { entries, secretsOf } from "../Objects/Files.js"
import { intakeMap, type Planned, planned, podObjects, secretWith, sharedObjects } from "../Objects/Objects.js"
import { exportedIdentity, manifestName } from "./Identity.js"
import { exportedManifest } from "./Manifest.js"
import type { Source } from "./Source.js"

/** The Secret is one of them only if it is wanted; the others have no value of a secret. */
export const manifestsOf = ({ image, request }: Source, withSecrets: boolean): Exported => {
  const identity = exportedIdentity(request)
  const parts: Parts = { request, identity, image, startReplicas: request.settings.replicas }
  const content = secretsOf(request)
  const keys = Object.keys(content)
  const objects = [
    manifestMap(parts),
    intakeMap(parts),
    ...(withSecrets && keys.length > 0 ? [secretWith(parts, content)] : []),
    ...sharedObjects(parts),
    ...podObjects(parts).map((one) => withoutBookkeeping(parts, one))
  ]
  const { namespace } = request.settings
  return {
    name: request.name,
    generation: request.generation,
    manifests: objects.map((one) => toManifest(one, namespace)).sort(byFile),
    secret: keys.length === 0 ? undefined : { name: identity.names.secret, entries: keys.map(entryOf) }
  }
}

// internal

const manifestMap = (parts: Parts): Planned =>
  planned(parts, types.configMaps, manifestName(parts.request), {
    metadata: parts.identity.shared,
    data: { [entries.manifest]: encodeManifest(exportedManifest(parts.request)) }
  })

/** Annotations of a Deployment that only the deployer reads are left out. */
const withoutBookkeeping = ({ identity }: Parts, one: Planned): Planned =>
  one.reference.type === types.deployments ? { ...one, object: { ...one.object, metadata: identity.instance } } : one

const order: ReadonlyArray<ResourceType> = [
  types.configMaps,
  types.secrets,
  types.services,
  types.disruptionBudgets,
  types.networkPolicies,
  types.deployments,
  types.autoscalers,
  types.ingresses
]

const byFile = (one: Manifest, other: Manifest): number => (one.file < other.file ? -1 : 1)

/** A namespace that the settings do not name is left to the tool. */
const toManifest = ({ object, reference: { name, type } }: Planned, namespace: string | undefined): Manifest => {
  const { apiVersion, kind } = type
  const { metadata, ...rest } = { metadata: {}, ...object }
  return {
    apiVersion,
    kind,
    name,
    file: `${order.indexOf(type) + 1}0-${kind.toLowerCase()}-${name}.yaml`,
    isSecret: type === types.secrets,
    object: {
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...metadata },
      ...rest
    }
  }
}

const entryOf = (key: string): SecretEntry =>
  key === entries.keys
    ? { key, content: "the digests of the keys of callers" }
    : { key, content: `the value of the secret ${key.slice(entries.secret("").length)}` }

/** The labels, annotations and names that identify the objects of a deployment in a cluster. */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DeploymentId, DeploymentName } from "../Deployment.js"
import type { Instance, ProvisionRequest } from "../Flavor/Instance.js"
import { version } from "../Internal/Version.js"
import type * as Settings from "../Settings.js"

const prefix = "effect-deployers"

/**
 * The names of labels.
 *
 * @category constants
 * @since 0.2.0
 */
export const keys = {
  /** Id of the registry of the deployment; objects of other registries are foreign. */
  registry: `${prefix}/registry`,
  /** Id of the deployment. */
  deployment: `${prefix}/deployment`,
  /** The generation; an object without it belongs to all generations. */
  generation: `${prefix}/generation`,
  /** The name of the deployment, at objects that were exported and belong to no registry. */
  exported: `${prefix}/exported`
} as const

/**
 * The names of annotations.
 *
 * @category constants
 * @since 0.2.0
 */
export const annotations = {
  /** Name of the deployment when the object was made. */
  name: `${prefix}/name`,
  /** Name of the deployer. */
  deployer: `${prefix}/deployer`,
  snapshot: `${prefix}/snapshot`,
  /** Version of this library. */
  version: `${prefix}/version`,
  /** The last change of the intake, for pods that run. */
  intake: `${prefix}/intake`,
  /** The URL of a deployment behind an Ingress. */
  url: `${prefix}/url`,
  /** The host of the URL of a deployment at a port of the nodes. */
  address: `${prefix}/address`,
  /** The time that a pod may wait for a node, in milliseconds. */
  scheduling: `${prefix}/scheduling-millis`,
  /** A digest of the manifest of an exported deployment, so that pods start again with a new one. */
  manifest: `${prefix}/manifest`,
  /** The objects that all generations share, as this generation wants them. */
  shared: `${prefix}/shared`
} as const

/**
 * The field manager of everything but the size of {@link sizeManager}.
 *
 * @category constants
 * @since 0.2.0
 */
export const manager = "effect-deployers"

/**
 * The field manager of the number of replicas that a generation with an autoscaler starts with.
 *
 * @category constants
 * @since 0.2.0
 */
export const sizeManager = "effect-deployers-size"

/**
 * The instance of a registry.
 *
 * @category models
 * @since 0.2.0
 */
export interface Owner {
  readonly registryId: string
  readonly deploymentId: string
}

/**
 * The labels of every object of a deployment.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofDeployment = ({ deploymentId, registryId }: Owner): Record<string, string> => ({
  [keys.registry]: registryId,
  [keys.deployment]: deploymentId
})

/**
 * The labels of the objects of one generation.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofInstance = (owner: Owner & { readonly generation: number }): Record<string, string> => ({
  ...ofDeployment(owner),
  [keys.generation]: `${owner.generation}`
})

/**
 * The labels that other tools show.
 *
 * @category constructors
 * @since 0.2.0
 */
export const recommended = (name: string): Record<string, string> => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/managed-by": "effect-deployers"
})

/**
 * The annotations of an object.
 *
 * @category constructors
 * @since 0.2.0
 */
export const annotationsOf = (
  { name, snapshot }: Pick<ProvisionRequest<Settings.Deployment>, "name" | "snapshot">,
  deployer: string
): Record<string, string> => ({
  [annotations.name]: name,
  [annotations.deployer]: deployer,
  [annotations.snapshot]: snapshot.id,
  [annotations.version]: version
})

/**
 * The content of the labels and annotations of an object.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Identity = Schema.Struct({
  registryId: Schema.propertySignature(Schema.String).pipe(Schema.fromKey(keys.registry)),
  deploymentId: Schema.propertySignature(DeploymentId).pipe(Schema.fromKey(keys.deployment)),
  generation: Schema.optionalWith(Schema.NumberFromString.pipe(Schema.compose(Schema.NonNegativeInt)), {
    default: () => 0
  }).pipe(Schema.fromKey(keys.generation)),
  name: Schema.propertySignature(DeploymentName).pipe(Schema.fromKey(annotations.name)),
  deployer: Schema.propertySignature(Schema.String).pipe(Schema.fromKey(annotations.deployer))
})

/**
 * Reads the labels and annotations of an object; none if it is not of this library.
 *
 * @category decoding
 * @since 0.2.0
 */
export const decode = (metadata: {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}): Option.Option<typeof Identity.Type> =>
  Schema.decodeUnknownOption(Identity)({ ...metadata.annotations, ...metadata.labels })

/**
 * True for the labels of an object of a deployment of a registry.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isOf = (labels: Readonly<Record<string, string>>, owner: Owner): boolean =>
  labels[keys.registry] === owner.registryId && labels[keys.deployment] === owner.deploymentId

/**
 * The names of the objects of a deployment. The Service has the name of the deployment, so that callers in the cluster use
 * that as its host name.
 *
 * @category accessors
 * @since 0.2.0
 */
export const names = ({ generation, name }: Pick<Instance, "name" | "generation">) => ({
  /** The Service, the PodDisruptionBudget, the NetworkPolicy and the Ingress of all generations. */
  shared: name,
  intake: `${name}-intake`,
  /** The Deployment, the Service and the autoscaler of a generation. */
  instance: `${name}-g${generation}`,
  /** The Secret of a generation, by its content. */
  secret: (digest: string) => `${name}-g${generation}-${digest.slice(0, 10)}`
})

/**
 * The names of the objects of a generation; see {@link names}.
 *
 * @category models
 * @since 0.2.0
 */
export type Names = ReturnType<typeof names>

/**
 * A deployment or one of its instances, for selections.
 *
 * @category models
 * @since 0.2.0
 */
export type Selected = Pick<Instance, "deploymentId"> & { readonly generation?: number | undefined }

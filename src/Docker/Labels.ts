/**
 * The labels and names that identify the resources of a deployment in an engine. Images belong to no deployment and have
 * labels of their own (`ImageLabels`).
 */
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DeploymentId, DeploymentName } from "../Deployment.js"
import type { LabelFilter } from "./Client/Resources.js"

const prefix = "effect-deployers"

/**
 * The names of labels.
 *
 * @category constants
 * @since 0.1.0
 */
export const keys = {
  /** Id of the registry of the deployment; resources of other registries are foreign. */
  registry: `${prefix}.registry`,
  /** Id of the deployment. */
  deployment: `${prefix}.deployment`,
  /** Name of the deployment when it was made. */
  name: `${prefix}.name`,
  generation: `${prefix}.generation`,
  /** Name of the deployer. */
  deployer: `${prefix}.deployer`,
  /** Id of the snapshot. */
  snapshot: `${prefix}.snapshot`,
  pipeline: `${prefix}.pipeline`,
  /** SHA-256 digest (hex) of its request, without secrets. */
  checksum: `${prefix}.checksum`,
  /** Version of this library. */
  version: `${prefix}.version`,
  /** The purpose of a container that is not the service. */
  role: `${prefix}.role`,
  /** The address and the port of the door that leads callers to an instance, such as `127.0.0.1:20000`. */
  door: `${prefix}.door`
} as const

/**
 * Text as a label value: printable ASCII, everything else percent-encoded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LabelText = Schema.transformOrFail(
  Schema.String.pipe(Schema.pattern(/^[\x20-\x7e]*$/)),
  Schema.String.pipe(Schema.filter((text) => !/\p{Surrogate}/u.test(text))),
  {
    strict: true,
    decode: (text, _, ast) =>
      ParseResult.try({
        try: () => decodeURIComponent(text),
        catch: () => new ParseResult.Type(ast, text, "it is not percent-encoded text")
      }),
    encode: (text) => ParseResult.succeed(text.replace(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent))
  }
)

const Checksum = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/))

const Generation = Schema.NumberFromString.pipe(Schema.compose(Schema.NonNegativeInt))

const shared = {
  registryId: Schema.propertySignature(LabelText).pipe(Schema.fromKey(keys.registry)),
  deploymentId: Schema.propertySignature(DeploymentId).pipe(Schema.fromKey(keys.deployment)),
  name: Schema.propertySignature(DeploymentName).pipe(Schema.fromKey(keys.name)),
  deployer: Schema.propertySignature(LabelText).pipe(Schema.fromKey(keys.deployer)),
  version: Schema.propertySignature(LabelText).pipe(Schema.fromKey(keys.version))
}

/**
 * The content of the labels of an instance.
 *
 * @category schemas
 * @since 0.1.0
 */
export const InstanceLabels = Schema.Struct({
  ...shared,
  generation: Schema.propertySignature(Generation).pipe(Schema.fromKey(keys.generation)),
  snapshotId: Schema.propertySignature(LabelText).pipe(Schema.fromKey(keys.snapshot)),
  pipelineName: Schema.propertySignature(LabelText).pipe(Schema.fromKey(keys.pipeline)),
  checksum: Schema.propertySignature(Checksum).pipe(Schema.fromKey(keys.checksum))
})

export type InstanceLabels = typeof InstanceLabels.Type

/**
 * The content of the labels of a resource that all generations of a deployment share: a network, a volume.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SharedLabels = Schema.Struct(shared)

export type SharedLabels = typeof SharedLabels.Type

/**
 * Labels in an engine: values by name.
 *
 * @category models
 * @since 0.1.0
 */
export type Labels = Readonly<Record<string, string>>

/**
 * The labels of an instance.
 *
 * @category encoding
 * @since 0.1.0
 */
export const ofInstance: (labels: InstanceLabels) => Labels = Schema.encodeSync(InstanceLabels)

/**
 * The labels of a resource that all generations share.
 *
 * @category encoding
 * @since 0.1.0
 */
export const ofShared: (labels: SharedLabels) => Labels = Schema.encodeSync(SharedLabels)

/**
 * The content of the labels of an instance; none if one is missing or not valid. Other labels are ignored.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodeInstance: (labels: Labels) => Option.Option<InstanceLabels> =
  Schema.decodeUnknownOption(InstanceLabels)

/**
 * The content of the labels of a shared resource; none if one is missing or not valid.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodeShared: (labels: Labels) => Option.Option<SharedLabels> = Schema.decodeUnknownOption(SharedLabels)

/**
 * True for a resource of this registry.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOurs = (labels: Labels, registryId: string): boolean => labels[keys.registry] === encodeText(registryId)

/**
 * True for a resource of that deployment.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOfDeployment = (
  labels: Labels,
  { deploymentId, registryId }: Pick<InstanceRef, "registryId" | "deploymentId">
): boolean => isOurs(labels, registryId) && labels[keys.deployment] === deploymentId

/**
 * True for a resource of that generation.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isInstance = (labels: Labels, instance: InstanceRef): boolean =>
  Option.exists(
    decodeInstance(labels),
    ({ deploymentId, generation, registryId }) =>
      registryId === instance.registryId && deploymentId === instance.deploymentId && generation === instance.generation
  )

/**
 * One generation of a deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface InstanceRef {
  readonly registryId: string
  readonly deploymentId: string
  readonly generation: number
}

/**
 * The filter for all resources of a registry, of a deployment, or of one generation.
 *
 * @category encoding
 * @since 0.1.0
 */
export const filter = (
  of: Pick<InstanceRef, "registryId"> & Partial<Pick<InstanceRef, "deploymentId" | "generation">>
): LabelFilter => ({
  [keys.registry]: encodeText(of.registryId),
  ...(of.deploymentId === undefined ? {} : { [keys.deployment]: of.deploymentId }),
  ...(of.generation === undefined ? {} : { [keys.generation]: String(of.generation) })
})

const encodeText = Schema.encodeSync(LabelText)

/**
 * Name of the container of one generation. It is always the same: a second container cannot be created, and a container is
 * found even if the answer to its creation is lost. A valid host name.
 *
 * @category names
 * @since 0.1.0
 */
export const containerName = ({ deploymentId, generation }: Omit<InstanceRef, "registryId">): string =>
  `${prefix}-${deploymentId}-${generation}`

/**
 * True for the name of a container of a generation, or of any generation if none is given.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isNameOf = (
  name: string,
  { deploymentId, generation }: Pick<InstanceRef, "deploymentId"> & { readonly generation?: number | undefined }
): boolean => {
  const [number, ...suffix] = name.startsWith(`${prefix}-${deploymentId}-`)
    ? name.slice(prefix.length + deploymentId.length + 2).split("-")
    : []
  const isOne = number !== undefined && /^\d+$/.test(number) && (suffix.length === 0 || suffix.join("-") === "files")
  return isOne && (generation === undefined || number === String(generation))
}

/**
 * Name of the container for uploads into the volumes of one generation. It never starts.
 *
 * @category names
 * @since 0.1.0
 */
export const fillerName = (instance: Omit<InstanceRef, "registryId">): string => `${containerName(instance)}-files`

/**
 * The labels that distinguish that container from the service.
 *
 * @category encoding
 * @since 0.1.0
 */
export const filler: Labels = { [keys.role]: "files" }

/**
 * Name of the door of a deployment at a port of the host.
 *
 * @category names
 * @since 0.2.0
 */
export const doorName = (deploymentId: string, port: number): string => `${prefix}-${deploymentId}-door-${port}`

/**
 * True for the name of a door of a deployment.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isDoorNameOf = (name: string, deploymentId: string): boolean =>
  name.startsWith(`${prefix}-${deploymentId}-door-`)

/**
 * The labels that distinguish a door from the service.
 *
 * @category encoding
 * @since 0.2.0
 */
export const doorRole: Labels = { [keys.role]: "door" }

/**
 * True for a door of that deployment.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isDoor = (labels: Labels, deployment: Pick<InstanceRef, "registryId" | "deploymentId">): boolean =>
  isOfDeployment(labels, deployment) && labels[keys.role] === doorRole[keys.role]

/**
 * The address and the port at which a door is published.
 *
 * @category models
 * @since 0.2.0
 */
export interface DoorPlace {
  readonly address: string
  readonly port: number
}

/**
 * The label of an instance behind a door.
 *
 * @category encoding
 * @since 0.2.0
 */
export const behindDoor = ({ address, port }: DoorPlace): Labels => ({ [keys.door]: `${address}:${port}` })

/**
 * The place of the door that an instance is behind; `undefined` if it has none.
 *
 * @category decoding
 * @since 0.2.0
 */
export const doorOf = (labels: Labels): DoorPlace | undefined => {
  const [, address, port] = /^(.+):(\d{1,5})$/.exec(labels[keys.door] ?? "") ?? []
  return address === undefined ? undefined : { address, port: Number(port) }
}

/**
 * Name of the network of a deployment.
 *
 * @category names
 * @since 0.1.0
 */
export const networkName = (deploymentId: string): string => `${prefix}-${deploymentId}`

/**
 * Name of a volume of a deployment. `purpose` is letters, digits and hyphens, such as `data`.
 *
 * @category names
 * @since 0.1.0
 */
export const volumeName = (deploymentId: string, purpose: string): string => `${prefix}-${deploymentId}-${purpose}`

/**
 * True for the name of a volume of a deployment.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isVolumeNameOf = (name: string, deploymentId: string): boolean =>
  name.startsWith(volumeName(deploymentId, ""))

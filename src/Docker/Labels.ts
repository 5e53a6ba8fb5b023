/**
 * The labels by which things in an engine are known to be ours, and the names they get. Nothing else in this library
 * writes or reads a label, but for those of images, which belong to no deployment (see `ImageLabels`).
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DeploymentId, DeploymentName } from "../Deployment.js"
import type { LabelFilter } from "./Client/Resources.js"

const prefix = "effect-deployers"

/**
 * What labels are called.
 *
 * @category constants
 * @since 0.1.0
 */
export const keys = {
  /** Id of the registry whose deployment it is; what tells ours from anybody else's. */
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
  /** SHA-256 digest (hex) of everything it was made of. */
  checksum: `${prefix}.checksum`,
  /** Version of this library. */
  version: `${prefix}.version`,
  /** What else than the service itself a container is for. */
  role: `${prefix}.role`
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
 * What the labels of an instance say.
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

/**
 * @category models
 * @since 0.1.0
 */
export type InstanceLabels = typeof InstanceLabels.Type

/**
 * What the labels of something say that belongs to all generations of a deployment: a network, a volume.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SharedLabels = Schema.Struct(shared)

/**
 * @category models
 * @since 0.1.0
 */
export type SharedLabels = typeof SharedLabels.Type

/**
 * Labels as an engine keeps them: values by name.
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
 * The labels of something all generations share.
 *
 * @category encoding
 * @since 0.1.0
 */
export const ofShared: (labels: SharedLabels) => Labels = Schema.encodeSync(SharedLabels)

/**
 * What labels say; none if something of an instance's is missing or not valid. Other labels are passed over.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodeInstance: (labels: Labels) => Option.Option<InstanceLabels> =
  Schema.decodeUnknownOption(InstanceLabels)

/**
 * What the labels of something say that all generations of a deployment share; none if they are not all there.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodeShared: (labels: Labels) => Option.Option<SharedLabels> = Schema.decodeUnknownOption(SharedLabels)

/**
 * Whether something is of this registry's making.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOurs = (labels: Labels, registryId: string): boolean => labels[keys.registry] === encodeText(registryId)

/**
 * Whether something is of that deployment of that registry.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOfDeployment = (
  labels: Labels,
  { deploymentId, registryId }: Pick<InstanceRef, "registryId" | "deploymentId">
): boolean => isOurs(labels, registryId) && labels[keys.deployment] === deploymentId

/**
 * Whether something is that generation of that deployment of that registry.
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
 * What names one generation of a deployment.
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
 * Finds all of a registry, of a deployment, or of one generation.
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
 * Name of the container of one generation: always the same, so that a second one cannot be made and one whose making
 * was not answered is found. A valid host name.
 *
 * @category names
 * @since 0.1.0
 */
export const containerName = ({ deploymentId, generation }: Omit<InstanceRef, "registryId">): string =>
  `${prefix}-${deploymentId}-${generation}`

/**
 * Whether a container is called as one of a generation is, or as one of any generation when none is given.
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
 * Name of the container through which the volumes of one generation are filled. It is never started.
 *
 * @category names
 * @since 0.1.0
 */
export const fillerName = (instance: Omit<InstanceRef, "registryId">): string => `${containerName(instance)}-files`

/**
 * What marks that container, so that nobody takes it for the service.
 *
 * @category encoding
 * @since 0.1.0
 */
export const filler: Labels = { [keys.role]: "files" }

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
 * Whether a volume is called as one of a deployment is.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isVolumeNameOf = (name: string, deploymentId: string): boolean =>
  name.startsWith(volumeName(deploymentId, ""))

/** Everything that determines the manifests of a deployment, from the registry. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ImageReference, partsOf } from "../../Containerized/ImageReference.js"
import { liveKeys } from "../../Deployer/AuthKeys.js"
import { currentInstance, requireDeployment } from "../../Deployer/DeployerContext.js"
import { findSecrets, secretNames } from "../../Deployer/SecretSources.js"
import { DeploymentNotExportable, SnapshotNotFound } from "../../Errors/Lifecycle.js"
import { invalidSettings } from "../../Internal/InvalidSettings.js"
import * as Settings from "../../Settings.js"
import { BuildStore } from "../../Store/BuildStore.js"
import { type DeploymentRecord, DeploymentStore } from "../../Store/DeploymentStore.js"
import { SecretBox } from "../../Store/Registry/SecretBox.js"
import { SecretStore } from "../../Store/SecretStore.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"
import { flavor } from "../ClusterErrors.js"
import type { Options } from "../Manifests.js"
import { decodeOf, type PodImage } from "../Metadata.js"
import type { Described } from "../Objects/Context.js"
import { KubernetesSettings } from "../Settings.js"

/** A request without a cluster, and its image. */
export interface Source {
  readonly request: Described
  readonly image: PodImage
}

/** Reads the accepted generation of a deployment. The values of its secrets are empty, unless they are wanted. */
export const sourceOf = (ref: string, options: Options) =>
  Effect.gen(function* () {
    const deployments = yield* DeploymentStore
    const record = yield* requireDeployment(deployments, ref)
    const { deployment } = record
    if (deployment.generation === 0) return yield* neverAccepted(deployment.name)
    const snapshot = yield* snapshotOf(record)
    const image = yield* imageOf(record, options.image)
    const settings = yield* settingsOf(record, options)
    const { timeoutMillis } = settings
    const request: Described = {
      ...currentInstance(record),
      snapshot,
      settings,
      keys: liveKeys(record),
      secrets: options.withSecrets === true ? yield* secretsOf(settings) : emptySecrets(settings),
      ...(snapshot.spec.check === true ? { check: { timeoutMillis } } : {})
    }
    return { request, image } satisfies Source
  })

// internal

const notExportable = (name: string, reason: string, remedy: string) =>
  new DeploymentNotExportable({ name, reason, remedy })

const neverAccepted = (name: string) =>
  notExportable(
    name,
    "none of its generations was accepted",
    `Deploy it first, and look at \`deployers events ${name}\``
  )

const snapshotOf = ({ deployment }: DeploymentRecord) =>
  Effect.gen(function* () {
    const { find } = yield* SnapshotStore
    const found = yield* find(deployment.snapshot.id)
    return Option.isSome(found) ? found.value : yield* new SnapshotNotFound({ ref: deployment.snapshot.id })
  })

/** The settings that mean the same in every flavor with a limit of memory. */
const common: ReadonlySet<string> = new Set([
  ...Object.keys(Settings.Deployment.fields),
  "memory",
  "cpus",
  "tmpfsBytes"
])

const settingsOf = ({ deployment, settings }: DeploymentRecord, options: Options) => {
  const recorded = Settings.withCurrentNames(settings)
  const own =
    deployment.deployer.flavor === flavor
      ? recorded
      : Record.filter(recorded, (_, name) => common.has(name) && name !== "restart")
  return Effect.mapError(
    Schema.decodeUnknown(KubernetesSettings)(Settings.merge(own, { ...options.settings }), { errors: "all" }),
    invalidSettings
  )
}

const secretsOf = (settings: KubernetesSettings) =>
  Effect.gen(function* () {
    const sources = { secrets: yield* SecretStore, deployments: yield* DeploymentStore, box: yield* SecretBox }
    return yield* findSecrets(sources, settings)
  })

const emptySecrets = (settings: KubernetesSettings) =>
  Record.fromEntries(secretNames(settings).map((name) => [name, Redacted.make("")]))

const imageOf = (record: DeploymentRecord, given: string | undefined) =>
  Effect.gen(function* () {
    if (given !== undefined) return ofReference(yield* requireDigest(record, given))
    const { deployment } = record
    const recorded = Option.flatMap(decodeOf(deployment, deployment.metadata), ({ image }) =>
      Option.fromNullable(image)
    )
    if (deployment.deployer.flavor === flavor && Option.isSome(recorded)) return recorded.value
    const builds = yield* Effect.flatMap(BuildStore, ({ list }) => list(deployment.snapshot.id))
    const pushed = builds.find(({ image }) => hasDigest(image))
    return pushed === undefined ? yield* withoutImage(record) : ofReference(pushed.image)
  })

/** The entry point of an image that this registry knows by its reference only is in the image. */
const ofReference = (reference: string): PodImage => ({ reference, entrypoint: [] })

const isReference = Schema.is(ImageReference)

const hasDigest = (reference: string): boolean => isReference(reference) && partsOf(reference).digest !== undefined

const requireDigest = ({ deployment: { name } }: DeploymentRecord, reference: string) =>
  hasDigest(reference)
    ? Effect.succeed(reference)
    : notExportable(
        name,
        `the image ${JSON.stringify(reference)} has no digest, so that it could become another one`,
        "Give it with its digest, such as registry.example.com/team/weather@sha256:..."
      )

const withoutImage = ({ deployment: { deployer, name, snapshot } }: DeploymentRecord) =>
  notExportable(
    name,
    `the registry knows no image of its snapshot ${snapshot.pipelineName}@${snapshot.version} that a cluster can pull, and its deployer is ${deployer.flavor}`,
    "Push one by a deploy with `--deployer docker|swarm|kubernetes --image-repository REPOSITORY` under another name, or give its reference with `--image REPOSITORY@sha256:...`"
  )

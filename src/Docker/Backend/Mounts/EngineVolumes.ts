/**
 * Files for an engine that does not see the folders of this machine: volumes of that engine, one with the data of a
 * deployment, and for each generation one with its configuration and one with its secrets. They are on the disk of the
 * engine's machine, where only root reads them: a volume in memory would be empty after each restart of its container, and
 * the service could not start again.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { user } from "../../../Containerized/Layout.js"
import { encodeIntakeFile, intakeFile } from "../../../Contract/Intake.js"
import type { Intake } from "../../../Deployment/Intake.js"
import type { ProvisionRequest } from "../../../Flavor/Instance.js"
import type * as Settings from "../../../Settings.js"
import { type ContainerSpec, DockerClient } from "../../DockerClient.js"
import { Entry, text } from "../../Image/Entry.js"
import * as LayerTar from "../../Image/LayerTar.js"
import * as Labels from "../../Labels.js"
import { BackendContext } from "../BackendContext.js"
import { failed, repeated } from "../BackendErrors.js"
import { createOnce } from "../Launch.js"
import { findContainer, requireEngine } from "../Lookup.js"
import { instanceLabels, type Parts, type Request, sharedLabels } from "../ServiceContainer.js"
import { inside } from "./ContainerPaths.js"
import { type ConfigFile, configFiles, dataVolumeOf, writeDataVolume } from "./Files.js"
import { checkHostPaths } from "./HostPathChecks.js"
import type { MountStrategy } from "./Strategy.js"
import { ensureVolume } from "./Volumes.js"

/** Volumes of the engine. */
export const engineVolumes: MountStrategy = {
  // The engine sets the owner of the files that it unpacks, for any user of this process.
  identity: () => user,
  check: (request) =>
    Effect.gen(function* () {
      const { host } = yield* DockerClient
      const { remote } = yield* host
      // A folder of another machine cannot be resolved here, nor can a folder that only the engine sees.
      if (!remote) yield* checkHostPaths(request, () => Effect.void)
    }),
  write: (request, { engineId, image }) =>
    Effect.gen(function* () {
      const { deployer } = yield* BackendContext
      const volumes = volumesOf(request, deployer, yield* configFiles(request))
      yield* warnIfReadable(request)
      yield* claimData(request, engineId)
      yield* Effect.forEach(volumes, (volume) => ensureVolume(request, volume), { discard: true })
      yield* upload(request, { deployer, image, volumes })
      return volumes.map(({ name, readOnly, target }) => ({
        type: "volume",
        source: name,
        target,
        readOnly,
        copy: false
      }))
    }),
  // A volume is written through a container that never starts, for a generation that does not run yet.
  updateKeys: () => Effect.succeed(false),
  // The volume is written through the container that serves: the data is its only folder that may be written.
  writeIntake: (instance, intake) =>
    Effect.gen(function* () {
      const { containers } = yield* DockerClient
      const container = yield* findContainer(instance)
      if (Option.isNone(container)) return
      const archive = LayerTar.archive([intakeEntry(intake)])
      yield* repeated(containers.putArchive(container.value.id, inside.data, archive))
    }),
  remove: ({ deploymentId, generation }) =>
    Effect.flatMap(BackendContext, ({ registryId }) => removeVolumes({ registryId, deploymentId, generation })),
  removeAll: ({ deploymentId }) =>
    Effect.gen(function* () {
      const { registryId } = yield* BackendContext
      const known = yield* dataVolumeOf({ deploymentId })
      if (Option.isSome(known)) yield* requireEngine(known.value.engineId, "remove a volume", "its data")
      yield* removeVolumes({ registryId, deploymentId })
    })
}

// internal

/** A volume with its content, and its place inside the container. */
export interface Volume {
  readonly name: string
  readonly labels: Labels.Labels
  readonly target: string
  readonly readOnly: boolean
  /** The path `/` is the volume itself. */
  readonly entries: ReadonlyArray<Entry>
}

const owner = { uid: user.uid, gid: user.gid }

/** The root of a volume. */
export const folder = (mode: number): Entry => Entry.Folder({ path: "/", mode, ...owner })

const file = (name: string, content: string | Uint8Array): Entry => ({ ...text(`/${name}`, content, 0o400), ...owner })

/** The file with the intake of a deployment. */
export const intakeEntry = (intake: Intake | undefined): Entry => ({
  ...text(`/${intakeFile}`, encodeIntakeFile(intake), 0o600),
  ...owner
})

const volumesOf = (request: Request, deployer: string, config: ReadonlyArray<ConfigFile>): ReadonlyArray<Volume> => {
  const { deploymentId, generation } = request
  const secrets = Object.entries(request.secrets)
  const ofGeneration = (purpose: string, target: string, files: ReadonlyArray<Entry>): Volume => ({
    name: Labels.volumeName(deploymentId, `${generation}-${purpose}`),
    labels: instanceLabels(request, deployer),
    target,
    readOnly: true,
    entries: [folder(0o500), ...files]
  })
  return [
    {
      name: dataVolume(deploymentId),
      labels: sharedLabels(request, deployer),
      target: inside.data,
      readOnly: false,
      entries: [folder(0o700), intakeEntry(request.intake)]
    },
    ofGeneration(
      "config",
      inside.config,
      config.map(({ content, name }) => file(name, content))
    ),
    ...(secrets.length === 0
      ? []
      : [
          ofGeneration(
            "secrets",
            inside.secrets,
            secrets.map(([name, secret]) => file(name, Redacted.value(secret)))
          )
        ])
  ]
}

const dataVolume = (deploymentId: string): string => Labels.volumeName(deploymentId, "data")

/** An address without TLS was chosen by the user, who may not know the consequence. */
const warnIfReadable = ({ name, secrets }: Request) =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { private: isPrivate, url } = yield* host
    if (isPrivate || Object.keys(secrets).length === 0) return
    yield* Effect.logWarning(
      `The secrets of "${name}" are sent to ${url} without TLS, so the network can read them. Use TLS (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH).`
    )
  })

/** The data of a deployment stays in one engine; another engine would start with an empty run history. */
const claimData = (request: Request, engineId: string) =>
  Effect.gen(function* () {
    const known = yield* dataVolumeOf(request)
    if (Option.isNone(known)) {
      return yield* writeDataVolume(request, { engineId, volume: dataVolume(request.deploymentId) })
    }
    if (known.value.engineId === engineId) return
    return yield* failed(
      request.name,
      `its data is in volume ${known.value.volume} of engine ${known.value.engineId}, and the engine in use is ${engineId}; set DOCKER_HOST or the Docker context to the first one, or delete the deployment there and deploy it again`
    )
  })

/** The volumes of an upload, and the image of the container that it needs. */
export interface Upload {
  readonly deployer: string
  readonly image: Parts["image"]
  readonly volumes: ReadonlyArray<Volume>
}

/**
 * Writes the content of volumes, with owners and permissions. An engine accepts files only for a container, and only where
 * that may write: so one is created for the upload, which never starts. The upload cannot be interrupted; leftovers of a
 * failed one are found by their labels.
 */
export const upload = (request: ProvisionRequest<Settings.Deployment>, { volumes, ...parts }: Upload) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const spec = uploadContainer(request, { volumes, ...parts })
    yield* createOnce(request, spec, () => true)
    yield* repeated(containers.putArchive(spec.name, staging, LayerTar.archive(volumes.flatMap(stagedEntries))))
    yield* repeated(containers.remove(spec.name, { force: true }))
  }).pipe(Effect.uninterruptible)

const uploadContainer = (request: ProvisionRequest<Settings.Deployment>, { deployer, image, volumes }: Upload) =>
  ({
    name: Labels.fillerName(request),
    image: image.imageId,
    labels: { ...instanceLabels(request, deployer), ...Labels.filler },
    entrypoint: image.entrypoint,
    network: "none",
    capDrop: ["ALL"],
    securityOptions: ["no-new-privileges"],
    mounts: volumes.map(({ name }, index) => ({
      type: "volume" as const,
      source: name,
      target: `${staging}/${index}`,
      copy: false
    }))
  }) satisfies ContainerSpec

/** A path that exists in no image. */
const staging = "/effect-deployers-files"

const stagedEntries = ({ entries }: Volume, index: number): ReadonlyArray<Entry> =>
  entries.map((entry) => ({ ...entry, path: `/${index}${entry.path === "/" ? "" : entry.path}` }))

/** A volume with our labels and another name is a copy. */
const removeVolumes = (of: Omit<Labels.InstanceRef, "generation"> & { readonly generation?: number }) =>
  Effect.gen(function* () {
    const { volumes } = yield* DockerClient
    const listed = yield* volumes.list(Labels.filter(of))
    const ours = listed.filter(({ name }) => Labels.isVolumeNameOf(name, of.deploymentId))
    yield* Effect.forEach(ours, ({ name }) => repeated(volumes.remove(name)), { discard: true })
  })

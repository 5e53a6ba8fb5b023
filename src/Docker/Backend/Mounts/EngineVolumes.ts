/**
 * Files for containers of an engine that does not see the folders of this machine: volumes of that engine, one with the
 * data of a deployment, and for each generation one with what it is told and one with its secrets.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { user } from "../../../Containerized/Layout.js"
import { ResourceNotOwned } from "../../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../../Flavor/Backend.js"
import { DockerClient, type Mount } from "../../DockerClient.js"
import { Entry, text } from "../../Image/Entry.js"
import * as Labels from "../../Labels.js"
import type { DockerSettings } from "../../Settings.js"
import { BackendContext } from "../BackendContext.js"
import { instanceLabels, sharedLabels } from "../ContainerLabels.js"
import { failed, repeated } from "../Failures.js"
import { requireEngine } from "../Lookup.js"
import { inside } from "./ContainerPaths.js"
import { codeCacheOf, dataVolumeOf, manifestOf, writeDataVolume } from "./Files.js"
import { checkSources } from "./HostPathChecks.js"
import type { MountStrategy } from "./Strategy.js"
import { type FilledVolume, fill } from "./VolumeUpload.js"

/**
 * What is in a volume is on the disk of the engine's machine, where only root can read it. For secrets a volume in memory
 * would be empty each time its container starts again, and a service that came back without them would not be back.
 */
export const engineVolumes: MountStrategy = {
  // Whoever we are: the engine sets the owner of what it unpacks.
  identity: () => user,
  check: (request) =>
    Effect.gen(function* () {
      const { host } = yield* DockerClient
      const { remote } = yield* host
      // A folder of another machine cannot be looked at from here, nor one that only the engine sees.
      if (!remote) yield* checkSources(request, () => Effect.void)
    }),
  give: (request, { engineId, image }) =>
    Effect.gen(function* () {
      const { deployer } = yield* BackendContext
      const volumes = volumesOf(request, deployer, yield* codeCacheOf(request))
      yield* warnIfOverheard(request)
      yield* claimData(request, engineId)
      yield* Effect.forEach(volumes, (volume) => ensure(request, volume), { discard: true })
      yield* fill(request, { deployer, image, volumes })
      return volumes.map(mountOf)
    }),
  take: ({ deploymentId, generation }) =>
    Effect.flatMap(BackendContext, ({ registryId }) => remove({ registryId, deploymentId, generation })),
  takeAll: ({ deploymentId }) =>
    Effect.gen(function* () {
      const { registryId } = yield* BackendContext
      const known = yield* dataVolumeOf({ deploymentId })
      if (Option.isSome(known)) yield* requireEngine(known.value.engineId, "remove a volume", "its data")
      yield* remove({ registryId, deploymentId })
    })
}

// internal

const owner = { uid: user.uid, gid: user.gid }

const file = (path: string, content: string | Uint8Array): Entry => ({ ...text(path, content, 0o400), ...owner })

const folder = (mode: number): Entry => Entry.Folder({ path: "/", mode, ...owner })

const volumesOf = (
  request: ProvisionRequest<DockerSettings>,
  deployer: string,
  codeCache: Effect.Effect.Success<ReturnType<typeof codeCacheOf>>
): ReadonlyArray<FilledVolume> => {
  const { deploymentId, generation, secrets } = request
  const own = instanceLabels(request, deployer)
  const names = Object.entries(secrets)
  return [
    {
      name: dataVolume(deploymentId),
      labels: sharedLabels(request, deployer),
      target: inside.data,
      readOnly: false,
      entries: [folder(0o700)]
    },
    {
      name: Labels.volumeName(deploymentId, `${generation}-told`),
      labels: own,
      target: inside.manifestFolder,
      readOnly: true,
      entries: [
        folder(0o500),
        file("/manifest.json", manifestOf(request)),
        ...Option.toArray(Option.map(codeCache, ({ content, name }) => file(`/${name}`, content)))
      ]
    },
    ...(names.length === 0
      ? []
      : [
          {
            name: Labels.volumeName(deploymentId, `${generation}-secrets`),
            labels: own,
            target: inside.secrets,
            readOnly: true,
            entries: [folder(0o500), ...names.map(([name, secret]) => file(`/${name}`, Redacted.value(secret)))]
          }
        ])
  ]
}

const dataVolume = (deploymentId: string): string => Labels.volumeName(deploymentId, "data")

const mountOf = ({ name, readOnly, target }: FilledVolume): Mount => ({
  type: "volume",
  source: name,
  target,
  readOnly,
  copy: false
})

/** Whoever gave such an address gave it; that it is one is not always known. */
const warnIfOverheard = ({ name, secrets }: ProvisionRequest<DockerSettings>) =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { private: isPrivate, url } = yield* host
    if (isPrivate || Object.keys(secrets).length === 0) return
    yield* Effect.logWarning(
      `The secrets of "${name}" are sent to ${url} without TLS: whoever is on the way can read them. Use TLS (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH).`
    )
  })

/** The data of a deployment is in one engine for good; in another one it would seem to be lost. */
const claimData = (request: ProvisionRequest<DockerSettings>, engineId: string) =>
  Effect.gen(function* () {
    const known = yield* dataVolumeOf(request)
    if (Option.isNone(known)) {
      return yield* writeDataVolume(request, { engineId, volume: dataVolume(request.deploymentId) })
    }
    if (known.value.engineId === engineId) return
    return yield* failed(
      request.name,
      `its data is in volume ${known.value.volume} of engine ${known.value.engineId}, and engine ${engineId} was asked; set DOCKER_HOST or the Docker context to the first one, or delete the deployment there and deploy it anew`
    )
  })

/** An engine answers with the volume of that name, whoever made it. */
const ensure = (request: ProvisionRequest<DockerSettings>, { labels, name }: FilledVolume) =>
  Effect.gen(function* () {
    const { volumes } = yield* DockerClient
    const volume = yield* repeated(volumes.create({ name, labels }))
    if (Labels.isOfDeployment(volume.labels, request)) return
    return yield* new ResourceNotOwned({ name: request.name, resource: `a volume named "${name}"` })
  })

/** What only carries the labels may be a copy that somebody made. */
const remove = (of: Omit<Labels.InstanceRef, "generation"> & { readonly generation?: number }) =>
  Effect.gen(function* () {
    const { volumes } = yield* DockerClient
    const listed = yield* volumes.list(Labels.filter(of))
    const ours = listed.filter(({ name }) => Labels.isVolumeNameOf(name, of.deploymentId))
    yield* Effect.forEach(ours, ({ name }) => repeated(volumes.remove(name)), { discard: true })
  })

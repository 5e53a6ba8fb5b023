/** The container of a deployment: its specification, its labels and its isolation. */
import type { Redacted } from "effect/Redacted"
import { healthCheck } from "../../Containerized/Layout.js"
import { publishedPortVariable } from "../../Contract/Manifest.js"
import * as Routes from "../../Contract/Routes.js"
import { secretVariables } from "../../Flavor/Environment.js"
import { publicFingerprint } from "../../Flavor/Fingerprint.js"
import type { ProvisionRequest } from "../../Flavor/Instance.js"
import { version } from "../../Internal/Version.js"
import { heapMegabytes } from "../../Settings/Size.js"
import * as Settings from "../../Settings.js"
import type { ContainerSpec, Mount, RestartPolicy } from "../DockerClient.js"
import * as Labels from "../Labels.js"
import type { DockerSettings } from "../Settings.js"
import type { Identity } from "./BackendContext.js"
import { inside } from "./Mounts/ContainerPaths.js"
import { doorMount } from "./Mounts/DoorVolume.js"
import { memoryBytesOf } from "./SettingForms.js"

/** A request to this backend. */
export type Request = ProvisionRequest<DockerSettings>

/** The parts of a container that are not in its request. */
export interface Parts {
  readonly deployer: string
  readonly identity: Identity
  readonly image: {
    /** The engine's id of it. */
    readonly imageId: string
    /** The same image by digest in its repository, if it was pushed. */
    readonly reference: string | undefined
    readonly entrypoint: ReadonlyArray<string>
    /** The path of Node in it. */
    readonly node: string
  }
  /** The place of the door that leads callers to the container, if it has one. */
  readonly door: Labels.DoorPlace | undefined
  /** The address of the host at which the container is published. */
  readonly address: string
  /** The deployment's own files. */
  readonly files: ReadonlyArray<Mount>
  readonly network: string
}

/** The labels of resources that all generations of a deployment share. */
export const sharedLabels = (
  { deploymentId, name, registryId }: Pick<Request, "deploymentId" | "name" | "registryId">,
  deployer: string
): Labels.Labels => Labels.ofShared({ registryId, deploymentId, name, deployer, version })

/** The labels of resources that belong to one generation. */
export const instanceLabels = (request: ProvisionRequest<Settings.Deployment>, deployer: string): Labels.Labels => {
  const { deploymentId, generation, name, registryId, snapshot } = request
  const { id: snapshotId, pipelineName } = snapshot
  const checksum = publicFingerprint(request)
  return Labels.ofInstance({
    registryId,
    deploymentId,
    name,
    generation,
    deployer,
    snapshotId,
    pipelineName,
    checksum,
    version
  })
}

/** The container of a requested instance, published at a port of the host. */
export const containerSpec = (
  request: Request,
  { address, deployer, door, files, identity, image, network }: Parts,
  port: number
): ContainerSpec & { readonly name: string } => {
  const { settings } = request
  return {
    name: Labels.containerName(request),
    image: image.reference ?? image.imageId,
    labels: { ...settings.run.labels, ...instanceLabels(request, deployer), ...(door && Labels.behindDoor(door)) },
    entrypoint: withHeapLimit(image.entrypoint, settings),
    command: [inside.manifest],
    environment: { ...environmentOf(settings, request.secrets), [publishedPortVariable]: `${door?.port ?? port}` },
    workingDirectory: inside.app,
    stopSignal: "SIGTERM",
    stopGrace: settings.serving.drainTimeoutMillis + 5_000,
    ports: [{ container: inside.port, host: port, address }],
    mounts: [...mountsOf(settings, files), ...(door === undefined ? [] : [doorMount(request.deploymentId)])],
    network,
    extraHosts: [...settings.extraHosts, ...settings.run.extraHosts],
    dns: settings.run.dns,
    restartPolicy: restartPolicyOf(settings),
    log: {
      driver: "json-file",
      options: { "max-size": `${settings.logMaxBytes}`, "max-file": `${settings.logKeep}` }
    },
    healthcheck: settings.healthcheck ? healthcheckOf(settings, image.node) : "none",
    ...isolation(settings, identity)
  }
}

// internal

const isolation = (settings: DockerSettings, { gid, uid }: Identity) =>
  ({
    user: `${uid}:${gid}`,
    groups: settings.run.groups.map(String),
    readOnlyRoot: true,
    capDrop: ["ALL"],
    securityOptions: ["no-new-privileges"],
    init: true,
    ipcMode: "private",
    resources: {
      memoryBytes: memoryBytesOf(settings),
      memorySwapBytes: memoryBytesOf(settings),
      ...(settings.cpus === undefined ? {} : { cpus: settings.cpus }),
      ...(settings.gpus === undefined ? {} : { gpus: settings.gpus }),
      cpuShares: 1_024,
      pids: settings.pidsLimit,
      ulimits: [{ name: "nofile", soft: settings.run.openFiles, hard: settings.run.openFiles }]
    }
  }) satisfies Partial<ContainerSpec>

const withHeapLimit = ([program, ...rest]: ReadonlyArray<string>, settings: DockerSettings): ReadonlyArray<string> => {
  const megabytes = heapMegabytes(memoryBytesOf(settings), Settings.workersOf(settings.serving))
  return program === undefined ? [] : [program, `--max-old-space-size=${megabytes}`, ...rest]
}

const environmentOf = (
  settings: DockerSettings,
  secrets: Readonly<Record<string, Redacted>>
): Readonly<Record<string, string>> => ({
  NODE_ENV: "production",
  HOME: inside.temporary,
  ...settings.environment,
  ...secretVariables(settings, secrets)
})

const mountsOf = ({ tmpfsBytes, volumes }: DockerSettings, files: ReadonlyArray<Mount>): ReadonlyArray<Mount> => [
  { type: "tmpfs", target: inside.temporary, sizeBytes: tmpfsBytes, mode: 0o1777 },
  ...files,
  ...volumes.map(
    (volume): Mount =>
      volume._tag === "bind"
        ? { type: "bind", source: volume.source, target: volume.target, readOnly: volume.readOnly }
        : { type: "volume", source: volume.name, target: volume.target, readOnly: volume.readOnly }
  )
]

/** The engine restarts at once and after its own crash (`always` only); reconciling does the rest. */
const restartPolicyOf = ({ recovery, restart }: DockerSettings): RestartPolicy => {
  switch (restart) {
    case "always":
      return { name: "always" }
    case "on-failure":
      return { name: "on-failure", maximumRetryCount: recovery.maxRestarts }
    case "never":
      return { name: "no" }
  }
}

/** Shown by the engine only: the deployer checks health over HTTP. */
const healthcheckOf = ({ serving }: DockerSettings, node: string) => {
  const [, ...command] = healthCheck({ node, port: inside.port, path: Routes.paths(serving).health })
  return { command, interval: "30 seconds", timeout: "5 seconds", startPeriod: "1 minute", retries: 3 } as const
}

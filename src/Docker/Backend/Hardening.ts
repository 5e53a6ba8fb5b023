/** The container of a deployment: what it is made of, and everything that keeps it from doing harm. */
import type { Redacted } from "effect/Redacted"
import { healthCheck } from "../../Containerized/Layout.js"
import * as Routes from "../../Contract/Routes.js"
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import { secretVariables } from "../../Flavor/SecretVariables.js"
import * as Settings from "../../Settings.js"
import type { ContainerSpec, Mount, RestartPolicy } from "../DockerClient.js"
import * as Labels from "../Labels.js"
import type { DockerSettings } from "../Settings.js"
import type { Identity } from "./BackendContext.js"
import { instanceLabels } from "./ContainerLabels.js"
import { inside } from "./Mounts/ContainerPaths.js"

/** What a container is made of besides its request. */
export interface Ingredients {
  readonly deployer: string
  readonly identity: Identity
  readonly image: {
    /** The engine's id of it. */
    readonly imageId: string
    readonly entrypoint: ReadonlyArray<string>
    /** Where Node is in it. */
    readonly node: string
  }
  /** Where it sees its files. */
  readonly files: ReadonlyArray<Mount>
  readonly network: string
}

/** The container of a requested instance, published at a port of the host. */
export const containerSpec = (
  request: ProvisionRequest<DockerSettings>,
  ingredients: Ingredients,
  port: number
): ContainerSpec => {
  const { settings } = request
  const { identity, image } = ingredients
  return {
    name: Labels.containerName(request),
    image: image.imageId,
    labels: { ...settings.run.labels, ...instanceLabels(request, ingredients.deployer) },
    entrypoint: withHeapLimit(image.entrypoint, settings),
    command: [inside.manifest],
    environment: environmentOf(settings, request.secrets),
    workingDirectory: inside.app,
    stopSignal: "SIGTERM",
    stopGrace: settings.serving.drainTimeoutMillis + 5_000,
    ports: [{ container: inside.port, host: port, address: settings.address }],
    mounts: mountsOf(settings, ingredients.files),
    network: ingredients.network,
    extraHosts: settings.run.extraHosts,
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

const isolation = ({ cpus, memoryBytes, pidsLimit, run }: DockerSettings, { gid, uid }: Identity) =>
  ({
    user: `${uid}:${gid}`,
    groups: run.groups.map(String),
    readOnlyRoot: true,
    capDrop: ["ALL"],
    securityOptions: ["no-new-privileges"],
    init: true,
    ipcMode: "private",
    resources: {
      memoryBytes,
      memorySwapBytes: memoryBytes,
      ...(cpus === undefined ? {} : { cpus }),
      cpuShares: 1_024,
      pids: pidsLimit,
      ulimits: [{ name: "nofile", soft: run.openFiles, hard: run.openFiles }]
    }
  }) satisfies Partial<ContainerSpec>

/**
 * Node would take more of the memory for its heap than the limit leaves, and be killed instead of collecting garbage.
 * Workers share the memory.
 */
const withHeapLimit = (
  [program, ...rest]: ReadonlyArray<string>,
  { memoryBytes, serving }: DockerSettings
): ReadonlyArray<string> => {
  const megabytes = ((memoryBytes / 1_048_576) * 0.75) / Settings.workersOf(serving)
  return program === undefined ? [] : [program, `--max-old-space-size=${Math.floor(megabytes)}`, ...rest]
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

const restartPolicyOf = ({ restartPolicy }: DockerSettings): RestartPolicy =>
  typeof restartPolicy === "string"
    ? { name: restartPolicy }
    : { name: "on-failure", maximumRetryCount: restartPolicy.maximumRetryCount }

/** For whoever looks at the engine; we ask over HTTP ourselves. */
const healthcheckOf = ({ serving }: DockerSettings, node: string) => {
  const [, ...command] = healthCheck({ node, port: inside.port, path: Routes.paths(serving).ready })
  return { command, interval: "30 seconds", timeout: "5 seconds", startPeriod: "1 minute", retries: 3 } as const
}

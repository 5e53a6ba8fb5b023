/** The service of a deployment: its specification and its isolation. */
import type { Redacted } from "effect/Redacted"
import { healthCheck, user } from "../../Containerized/Layout.js"
import { publishedPortVariable } from "../../Contract/Manifest.js"
import * as Routes from "../../Contract/Routes.js"
import { inside } from "../../Docker/Backend/Mounts/ContainerPaths.js"
import { instanceLabels, type Parts } from "../../Docker/Backend/ServiceContainer.js"
import type { Mount, ServiceSpec } from "../../Docker/DockerClient.js"
import { secretVariables } from "../../Flavor/Environment.js"
import { bytesOf, heapMegabytes } from "../../Settings/Size.js"
import * as Settings from "../../Settings.js"
import type { SwarmSettings } from "../Settings.js"
import { dataVolume, type Files } from "./Files.js"
import { acceptedKey, addressKey, runsKey, serviceName } from "./Names.js"
import { isShared, type Request } from "./Request.js"

/** The parts of a service that are not in its request. */
export interface ServiceParts {
  readonly deployer: string
  readonly image: Parts["image"]
  readonly files: Files
  readonly network: string
  readonly constraints: ReadonlyArray<string>
  readonly replicas: number
  /** The port of the URL. */
  readonly port: number
  /** The generation that the registry has accepted before; none for the first one. */
  readonly accepted: number | undefined
}

/** The service of a requested generation. */
export const serviceSpec = (request: Request, parts: ServiceParts): ServiceSpec => {
  const { settings } = request
  const labels = instanceLabels(request, parts.deployer)
  return {
    name: serviceName(request.deploymentId),
    labels: {
      ...labels,
      [runsKey]: isShared(request) ? "shared" : "volume",
      ...(settings.address === undefined ? {} : { [addressKey]: settings.address }),
      ...(parts.accepted === undefined ? {} : { [acceptedKey]: String(parts.accepted) })
    },
    container: {
      image: parts.image.reference ?? parts.image.imageId,
      labels,
      entrypoint: withHeapLimit(parts.image.entrypoint, settings),
      command: [inside.manifest],
      environment: { ...environmentOf(settings, request.secrets), [publishedPortVariable]: `${parts.port}` },
      workingDirectory: inside.app,
      user: `${user.uid}:${user.gid}`,
      stopSignal: "SIGTERM",
      stopGrace: settings.stopGraceMillis,
      hosts: settings.extraHosts.map(hostLine),
      readOnlyRoot: true,
      capDrop: ["ALL"],
      init: true,
      openFiles: settings.openFiles,
      mounts: mountsOf(request),
      ...parts.files,
      healthcheck: healthcheckOf(settings, parts.image.node)
    },
    replicas: parts.replicas,
    limits: { cpus: settings.cpus, memoryBytes: bytesOf(settings.memory), pids: settings.pidsLimit },
    restart: restartOf(settings),
    constraints: parts.constraints,
    networks: [parts.network],
    log: { driver: "json-file", options: { "max-size": `${settings.logMaxBytes}`, "max-file": `${settings.logKeep}` } },
    ...(settings.publish === "mesh"
      ? { endpoint: "vip", ports: [{ container: inside.port, host: parts.port, mode: "ingress" }] }
      : { endpoint: "dnsrr" }),
    update: {
      parallelism: settings.updateParallelism,
      monitor: Math.max(1, settings.minHealthyMillis),
      onFailure: "rollback"
    }
  }
}

// internal

const withHeapLimit = ([program, ...rest]: ReadonlyArray<string>, settings: SwarmSettings): ReadonlyArray<string> => {
  const megabytes = heapMegabytes(bytesOf(settings.memory), Settings.workersOf(settings.serving))
  return program === undefined ? [] : [program, `--max-old-space-size=${megabytes}`, ...rest]
}

const environmentOf = (
  settings: SwarmSettings,
  secrets: Readonly<Record<string, Redacted>>
): Readonly<Record<string, string>> => ({
  NODE_ENV: "production",
  HOME: inside.temporary,
  ...settings.environment,
  ...secretVariables(settings, secrets)
})

const hostLine = (line: string): string => {
  const [name = "", ...address] = line.split(":")
  return `${address.join(":")} ${name}`
}

const mountsOf = (request: Request): ReadonlyArray<Mount> => [
  { type: "tmpfs", target: inside.temporary, sizeBytes: request.settings.tmpfsBytes, mode: 0o1777 },
  isShared(request)
    ? { type: "tmpfs", target: inside.data, sizeBytes: request.settings.dataBytes, mode: 0o1777 }
    : { type: "volume", source: dataVolume(request.deploymentId), target: inside.data, copy: false }
]

const restartOf = ({ recovery, restart }: SwarmSettings): ServiceSpec["restart"] => {
  switch (restart) {
    case "always":
      return { condition: "any", delay: recovery.backoffMillis }
    case "on-failure":
      return { condition: "on-failure", delay: recovery.backoffMillis, maxAttempts: recovery.maxRestarts }
    case "never":
      return { condition: "none" }
  }
}

/** A service without one would get callers before it listens. */
const healthcheckOf = ({ healthIntervalMillis, serving }: SwarmSettings, node: string) => {
  const [, ...command] = healthCheck({ node, port: inside.port, path: Routes.paths(serving).health })
  return { command, interval: healthIntervalMillis, timeout: "5 seconds", startPeriod: "1 minute", retries: 3 } as const
}

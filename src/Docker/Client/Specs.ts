/** Writes specifications in the form of the engine. */
import * as Duration from "effect/Duration"
import type { ContainerSpec, Healthcheck, Mount, PortSpec } from "./Container.js"

/** The body that creates a container. */
export const containerBody = (spec: ContainerSpec): Readonly<Record<string, unknown>> =>
  said({
    Image: spec.image,
    Labels: spec.labels,
    Entrypoint: spec.entrypoint,
    Cmd: spec.command,
    Env: spec.environment && Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    User: spec.user,
    WorkingDir: spec.workingDirectory,
    Hostname: spec.hostname,
    StopSignal: spec.stopSignal,
    StopTimeout: spec.stopGrace === undefined ? undefined : wholeSeconds(spec.stopGrace),
    Tty: spec.tty,
    Healthcheck: healthcheck(spec.healthcheck),
    ExposedPorts: Object.fromEntries((spec.ports ?? []).map((port) => [portKey(port), {}])),
    HostConfig: hostConfig(spec),
    NetworkingConfig: networkingConfig(spec)
  })

const hostConfig = (spec: ContainerSpec) =>
  said({
    ...resources(spec),
    NetworkMode: spec.network,
    PortBindings: portBindings(spec.ports ?? []),
    Mounts: (spec.mounts ?? []).flatMap(mount),
    Tmpfs: Object.fromEntries((spec.mounts ?? []).flatMap(tmpfs)),
    RestartPolicy: restartPolicy(spec),
    ReadonlyRootfs: spec.readOnlyRoot,
    CapDrop: spec.capDrop,
    CapAdd: spec.capAdd,
    SecurityOpt: spec.securityOptions,
    GroupAdd: spec.groups,
    Init: spec.init,
    IpcMode: spec.ipcMode,
    ShmSize: spec.shmSizeBytes,
    Sysctls: spec.sysctls,
    Runtime: spec.runtime,
    ExtraHosts: spec.extraHosts,
    Dns: spec.dns,
    LogConfig: spec.log && { Type: spec.log.driver, Config: spec.log.options ?? {} }
  })

const resources = ({ resources = {} }: ContainerSpec) => ({
  Memory: resources.memoryBytes,
  MemorySwap: resources.memorySwapBytes,
  NanoCpus: resources.cpus === undefined ? undefined : Math.round(resources.cpus * 1e9),
  CpuShares: resources.cpuShares,
  PidsLimit: resources.pids,
  DeviceRequests:
    resources.gpus === undefined
      ? undefined
      : [{ Count: resources.gpus === "all" ? -1 : resources.gpus, Capabilities: [["gpu"]] }],
  Ulimits: resources.ulimits?.map(({ hard, name, soft }) => ({ Name: name, Soft: soft, Hard: hard }))
})

const restartPolicy = ({ restartPolicy }: ContainerSpec) =>
  restartPolicy && {
    Name: restartPolicy.name,
    ...(restartPolicy.name === "on-failure" ? { MaximumRetryCount: restartPolicy.maximumRetryCount } : {})
  }

/** Whole seconds, at least as long as the duration: the engine counts no smaller unit. */
export const wholeSeconds = (duration: Duration.DurationInput): number => Math.ceil(Duration.toSeconds(duration))

const portKey = ({ container, protocol }: PortSpec): string => `${container}/${protocol ?? "tcp"}`

const portBindings = (ports: ReadonlyArray<PortSpec>) => {
  const bindings: Record<string, Array<{ HostIp: string; HostPort: string }>> = {}
  for (const port of ports) {
    const at = { HostIp: port.address ?? "127.0.0.1", HostPort: port.host === undefined ? "" : String(port.host) }
    bindings[portKey(port)] = [...(bindings[portKey(port)] ?? []), at]
  }
  return bindings
}

/** A mount in the form of the engine; one in memory has another form. */
export const mount = (mount: Mount) => {
  if (mount.type === "tmpfs") return []
  const common = {
    Type: mount.type,
    Source: mount.source,
    Target: mount.target,
    ReadOnly: mount.readOnly ?? false
  }
  return [mount.type === "volume" ? { ...common, ...volumeOptions(mount) } : common]
}

const volumeOptions = ({ copy, labels }: Extract<Mount, { readonly type: "volume" }>) =>
  labels === undefined && copy === undefined
    ? {}
    : { VolumeOptions: said({ Labels: labels, NoCopy: copy === undefined ? undefined : !copy }) }

/** As an option string: the structured form has no owner and no choice about running programs. */
const tmpfs = (mount: Mount): ReadonlyArray<readonly [string, string]> => {
  if (mount.type !== "tmpfs") return []
  const options = [
    "rw",
    "nosuid",
    "nodev",
    mount.exec === true ? "exec" : "noexec",
    `size=${mount.sizeBytes}`,
    `mode=${(mount.mode ?? 0o1777).toString(8)}`,
    ...(mount.uid === undefined ? [] : [`uid=${mount.uid}`]),
    ...(mount.gid === undefined ? [] : [`gid=${mount.gid}`])
  ]
  return [[mount.target, options.join(",")]]
}

/** A health check in the form of the engine. */
export const healthcheck = (check: Healthcheck | undefined) => {
  if (check === undefined) return undefined
  if (check === "none") return { Test: ["NONE"] }
  return said({
    Test: ["CMD", ...check.command],
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    StartPeriod: nanoseconds(check.startPeriod),
    Retries: check.retries
  })
}

/** Nanoseconds, in which the engine counts. */
export const nanoseconds = (duration: Duration.DurationInput | undefined): number | undefined =>
  duration === undefined ? undefined : Math.round(Duration.toMillis(duration) * 1e6)

const networkingConfig = ({ network, networkAliases }: ContainerSpec) =>
  network === undefined || networkAliases === undefined
    ? undefined
    : { EndpointsConfig: { [network]: { Aliases: networkAliases } } }

/** Without missing fields, so that the defaults of the engine and the image apply. */
export const said = (fields: Record<string, unknown>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

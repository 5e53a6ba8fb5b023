/** Writes the specification of a service in the form of the engine, and changes one that the engine returned. */
import type { Mount } from "./Container.js"
import { healthcheck, mount, nanoseconds, said, wholeSeconds } from "./Specs.js"
import { ServiceChange, type ServiceSpec, type SwarmFile, type UpdatePace } from "./Swarm.js"

/** A specification in the form of the engine. */
export type RawSpec = Readonly<Record<string, unknown>>

/** The body that creates a service. */
export const serviceBody = (spec: ServiceSpec): RawSpec =>
  said({
    Name: spec.name,
    Labels: spec.labels,
    TaskTemplate: taskTemplate(spec),
    Mode: spec.replicas === "everyNode" ? { Global: {} } : { Replicated: { Replicas: spec.replicas } },
    UpdateConfig: spec.update && pace(spec.update),
    // The tasks of the last accepted specification were healthy, and need no time to prove it.
    RollbackConfig: spec.update && pace({ ...spec.update, monitor: "1 millis", onFailure: "pause" }),
    EndpointSpec: {
      Mode: spec.endpoint,
      Ports: (spec.ports ?? []).map(({ container, host, mode }) =>
        said({ Protocol: "tcp", TargetPort: container, PublishedPort: host, PublishMode: mode })
      )
    }
  })

/** The specification after a change. The engine itself carries out a rollback. */
export const changed = (raw: RawSpec): ((change: ServiceChange) => RawSpec) =>
  ServiceChange.$match({
    Replace: ({ restart, spec }) => {
      const { TaskTemplate, ...rest } = serviceBody(spec)
      const forced = numberOf(part(raw, "TaskTemplate")["ForceUpdate"]) + (restart ? 1 : 0)
      return { ...rest, TaskTemplate: { ...record(TaskTemplate), ForceUpdate: forced } }
    },
    Scale: ({ replicas }) => ({ ...raw, Mode: { Replicated: { Replicas: replicas } } }),
    Label: ({ labels }) => ({ ...raw, Labels: { ...part(raw, "Labels"), ...labels } }),
    Reconfigure: ({ config }) => {
      const template = part(raw, "TaskTemplate")
      const container = part(template, "ContainerSpec")
      const others = list(container["Configs"]).filter((one) => part(one, "File")["Name"] !== config.target)
      const Configs = [...others, { ConfigID: config.id, ConfigName: config.name, File: file(config) }]
      return { ...raw, TaskTemplate: { ...template, ContainerSpec: { ...container, Configs } } }
    },
    Rollback: () => raw
  })

// internal

const taskTemplate = (spec: ServiceSpec): RawSpec =>
  said({
    ContainerSpec: containerSpec(spec),
    Resources: spec.limits && {
      Limits: said({
        NanoCPUs: spec.limits.cpus === undefined ? undefined : Math.round(spec.limits.cpus * 1e9),
        MemoryBytes: spec.limits.memoryBytes,
        Pids: spec.limits.pids
      })
    },
    RestartPolicy: said({
      Condition: spec.restart.condition,
      Delay: nanoseconds(spec.restart.delay),
      MaxAttempts: spec.restart.maxAttempts
    }),
    Placement: { Constraints: spec.constraints ?? [] },
    Networks: (spec.networks ?? []).map((Target) => ({ Target })),
    LogDriver: spec.log && { Name: spec.log.driver, Options: spec.log.options ?? {} }
  })

const containerSpec = ({ container }: ServiceSpec): RawSpec =>
  said({
    Image: container.image,
    Labels: container.labels,
    Command: container.entrypoint,
    Args: container.command,
    Env: container.environment && Object.entries(container.environment).map(([name, value]) => `${name}=${value}`),
    Dir: container.workingDirectory,
    User: container.user,
    Groups: container.groups,
    StopSignal: container.stopSignal,
    StopGracePeriod:
      container.stopGrace === undefined ? undefined : nanoseconds(`${wholeSeconds(container.stopGrace)} seconds`),
    Hosts: container.hosts,
    DNSConfig: container.dns && { Nameservers: container.dns },
    ReadOnly: container.readOnlyRoot,
    CapabilityDrop: container.capDrop,
    Init: container.init,
    // Engines before 26 ignore it.
    Privileges: { NoNewPrivileges: true },
    Ulimits: container.openFiles && [{ Name: "nofile", Soft: container.openFiles, Hard: container.openFiles }],
    Mounts: (container.mounts ?? []).flatMap(mountOf),
    Secrets: (container.secrets ?? []).map((one) => ({ SecretID: one.id, SecretName: one.name, File: file(one) })),
    Configs: (container.configs ?? []).map((one) => ({ ConfigID: one.id, ConfigName: one.name, File: file(one) })),
    Healthcheck: healthcheck(container.healthcheck)
  })

const file = ({ gid, mode, target, uid }: SwarmFile) => ({ Name: target, UID: `${uid}`, GID: `${gid}`, Mode: mode })

/** A service has no option for the owner of a file system in memory. */
const mountOf = (one: Mount): ReadonlyArray<object> =>
  one.type === "tmpfs"
    ? [
        {
          Type: "tmpfs",
          Target: one.target,
          TmpfsOptions: { SizeBytes: one.sizeBytes, Mode: one.mode ?? 0o1777 }
        }
      ]
    : mount(one)

const pace = ({ monitor, onFailure, parallelism }: UpdatePace) => ({
  Parallelism: parallelism,
  Delay: 0,
  Monitor: nanoseconds(monitor),
  MaxFailureRatio: 0,
  FailureAction: onFailure,
  Order: "start-first"
})

const record = (value: unknown): RawSpec =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {}

const part = (of: unknown, name: string): RawSpec => record(record(of)[name])

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0)

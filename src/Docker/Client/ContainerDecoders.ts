/** Reads the answers of an engine about containers. */
import * as Schema from "effect/Schema"
import type { Container, ContainerStatus, ContainerSummary, PublishedPort } from "./Container.js"
import {
  Count,
  Dictionary,
  environment,
  Flag,
  Labels,
  List,
  Part,
  seconds,
  Text,
  Texts,
  time,
  withRaw
} from "./Decoders.js"

const Binding = Schema.Struct({ HostIp: Text, HostPort: Text })
const Ports = Dictionary(Schema.NullOr(Schema.Array(Binding)))

const Health = Schema.Struct({
  Status: Text,
  FailingStreak: Count,
  Log: List(Schema.Struct({ Output: Text }))
})

const State = Schema.Struct({
  Status: Text,
  ExitCode: Count,
  Error: Text,
  OOMKilled: Flag,
  Pid: Count,
  StartedAt: Text,
  FinishedAt: Text,
  Health: Schema.optional(Schema.NullOr(Health))
})

const Mount = Schema.Struct({ Type: Text, Name: Text, Source: Text, Destination: Text, RW: Flag })

const Inspected = Schema.Struct({
  Id: Schema.String,
  Name: Text,
  Created: Text,
  Image: Text,
  RestartCount: Count,
  State,
  Config: Schema.Struct({ Image: Text, Labels, Env: Texts, User: Text, Tty: Flag }),
  HostConfig: Schema.Struct({
    PortBindings: Ports,
    RestartPolicy: Part(Schema.Struct({ Name: Text, MaximumRetryCount: Count }))
  }),
  NetworkSettings: Schema.Struct({
    Ports,
    Networks: Dictionary(Schema.Struct({ NetworkID: Text, IPAddress: Text }))
  }),
  Mounts: List(Mount)
})

/** An inspected container. */
export const InspectedContainer = withRaw(Inspected)

export const toContainer = ({ raw, read }: typeof InspectedContainer.Type): Container => {
  const { Config, HostConfig, NetworkSettings, State } = read
  const status = statusOf(State.Status)
  return {
    id: read.Id,
    name: read.Name.replace(/^\//, ""),
    createdAt: time(read.Created),
    image: Config.Image,
    imageId: read.Image,
    labels: Config.Labels,
    environment: environment(Config.Env),
    user: Config.User,
    tty: Config.Tty,
    state: toState(State),
    restartCount: read.RestartCount,
    restartPolicy: {
      name: HostConfig.RestartPolicy.Name || "no",
      maximumRetryCount: HostConfig.RestartPolicy.MaximumRetryCount
    },
    // After an engine crash the answer still has the old bindings of a container that ended.
    ports: status === "running" || status === "paused" ? toPorts(NetworkSettings.Ports) : [],
    requestedPorts: toPorts(HostConfig.PortBindings),
    mounts: read.Mounts.map((mount) => ({
      type: mount.Type,
      name: mount.Name || undefined,
      source: mount.Source,
      target: mount.Destination,
      readOnly: !mount.RW
    })),
    networks: Object.entries(NetworkSettings.Networks).map(([name, network]) => ({
      name,
      id: network.NetworkID,
      address: network.IPAddress || undefined
    })),
    raw
  }
}

const toState = (state: typeof State.Type): Container["state"] => ({
  status: statusOf(state.Status),
  exitCode: state.ExitCode,
  error: state.Error || undefined,
  oomKilled: state.OOMKilled,
  pid: state.Pid || undefined,
  startedAt: time(state.StartedAt),
  finishedAt: time(state.FinishedAt),
  health: state.Health == null ? undefined : toHealth(state.Health)
})

const toHealth = (health: typeof Health.Type): NonNullable<Container["state"]["health"]> => ({
  status: healthStatuses.find((status) => status === health.Status) ?? "unknown",
  failingStreak: health.FailingStreak,
  lastOutput: health.Log.at(-1)?.Output
})

const healthStatuses = ["none", "starting", "healthy", "unhealthy"] as const

const statuses: ReadonlyArray<ContainerStatus> = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead"
]

const statusOf = (text: string): ContainerStatus => statuses.find((status) => status === text) ?? "unknown"

const toPorts = (
  ports: Readonly<Record<string, ReadonlyArray<typeof Binding.Type> | null>>
): ReadonlyArray<PublishedPort> =>
  Object.entries(ports).flatMap(([key, bindings]) => {
    const [port = "", protocol = "tcp"] = key.split("/")
    return (bindings ?? []).map(({ HostIp, HostPort }) => ({
      container: Number(port),
      protocol,
      address: HostIp,
      host: Number(HostPort) || undefined
    }))
  })

/** One container of a list. */
export const ListedContainer = Schema.Struct({
  Id: Schema.String,
  Names: Texts,
  Image: Text,
  ImageID: Text,
  Labels,
  State: Text,
  Created: Count
})

export const toSummary = (listed: typeof ListedContainer.Type): ContainerSummary => ({
  id: listed.Id,
  name: (listed.Names[0] ?? "").replace(/^\//, ""),
  image: listed.Image,
  imageId: listed.ImageID,
  labels: listed.Labels,
  status: statusOf(listed.State),
  createdAt: seconds(listed.Created)
})

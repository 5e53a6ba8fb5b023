/** The answers of the engine that runs nothing, from its state. */
import * as DateTime from "effect/DateTime"
import type {
  Container,
  ContainerSpec,
  ContainerSummary,
  Mount,
  MountInfo,
  PublishedPort
} from "../../Docker/Client/Container.js"
import type { Image, ImageSummary, LabelFilter } from "../../Docker/Client/Resources.js"
import { containerBody } from "../../Docker/Client/Specs.js"
import type { FakeContainer, FakeImage, World } from "./Model.js"

/** True if labels match a filter. */
export const hasLabels = (labels: Readonly<Record<string, string>>, filter: LabelFilter): boolean =>
  Object.entries(filter).every(([name, value]) => (value === true ? name in labels : labels[name] === value))

export const toContainer = (world: World, container: FakeContainer): Container => {
  const { spec } = container
  return {
    id: container.id,
    name: container.name,
    createdAt: container.createdAt,
    image: spec.image,
    imageId: container.imageId,
    labels: container.labels,
    environment: spec.environment ?? {},
    user: spec.user ?? "",
    tty: spec.tty ?? false,
    state: toState(world, container),
    restartCount: container.restartCount,
    restartPolicy: {
      name: spec.restartPolicy?.name ?? "no",
      maximumRetryCount: spec.restartPolicy?.name === "on-failure" ? spec.restartPolicy.maximumRetryCount : 0
    },
    ports: container.ports,
    requestedPorts: requestedPorts(spec),
    mounts: (spec.mounts ?? []).flatMap(toMount),
    networks: [{ name: spec.network ?? "bridge", id: spec.network ?? "bridge", address: undefined }],
    raw: toRaw(world, container)
  }
}

const toState = (world: World, container: FakeContainer): Container["state"] => ({
  status: container.status,
  exitCode: container.exitCode,
  error: container.error,
  oomKilled: container.oomKilled,
  pid: container.pid,
  startedAt: container.startedAt,
  finishedAt: container.finishedAt,
  health: healthOf(world, container)
})

const healthOf = (world: World, { spec, status }: FakeContainer): Container["state"]["health"] => {
  if (spec.healthcheck === undefined || spec.healthcheck === "none") return undefined
  const found = world.behave(spec).health ?? "healthy"
  return {
    status: status === "running" ? found : "unhealthy",
    failingStreak: found === "unhealthy" ? 3 : 0,
    lastOutput: undefined
  }
}

const requestedPorts = ({ ports = [] }: ContainerSpec): ReadonlyArray<PublishedPort> =>
  ports.map((port) => ({
    container: port.container,
    protocol: port.protocol ?? "tcp",
    address: port.address ?? "127.0.0.1",
    host: port.host
  }))

/** A real engine does not list memory file systems among the mounts either. */
const toMount = (mount: Mount): ReadonlyArray<MountInfo> =>
  mount.type === "tmpfs"
    ? []
    : [
        {
          type: mount.type,
          name: mount.type === "volume" ? mount.source : undefined,
          source: mount.source,
          target: mount.target,
          readOnly: mount.readOnly ?? false
        }
      ]

const toRaw = (world: World, container: FakeContainer): Container["raw"] => {
  const { HostConfig, NetworkingConfig, ...Config } = containerBody(container.spec)
  const state = toState(world, container)
  return {
    Id: container.id,
    Name: `/${container.name}`,
    Created: DateTime.formatIso(container.createdAt),
    Image: container.imageId,
    RestartCount: container.restartCount,
    State: {
      Status: state.status,
      ExitCode: state.exitCode,
      Error: state.error ?? "",
      OOMKilled: state.oomKilled,
      Pid: state.pid ?? 0
    },
    Config,
    HostConfig
  }
}

export const toSummary = (container: FakeContainer): ContainerSummary => ({
  id: container.id,
  name: container.name,
  image: container.spec.image,
  imageId: container.imageId,
  labels: container.labels,
  status: container.status,
  createdAt: container.createdAt
})

export const toImage = (image: FakeImage): Image => ({
  id: image.id,
  tags: Array.from(image.tags),
  digests: Array.from(image.digests),
  createdAt: image.createdAt,
  sizeBytes: image.archive.length,
  labels: image.labels,
  user: image.user,
  entrypoint: image.entrypoint,
  command: image.command,
  environment: image.environment,
  workingDirectory: "",
  exposedPorts: [],
  layers: image.layers,
  os: "linux",
  architecture: "amd64",
  raw: { Id: image.id, RepoTags: Array.from(image.tags), Config: { Labels: image.labels } }
})

export const toImageSummary = (image: FakeImage): ImageSummary => ({
  id: image.id,
  tags: Array.from(image.tags),
  labels: image.labels,
  sizeBytes: image.archive.length,
  createdAt: image.createdAt
})

/** Reads what an engine tells about itself, images, networks, volumes and events. */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { Count, Dictionary, environment, Flag, Labels, List, seconds, Text, Texts, time, withRaw } from "./Decoders.js"
import type {
  EngineEvent,
  EngineInfo,
  EngineVersion,
  Image,
  ImageHistoryEntry,
  ImageSummary,
  Network,
  Volume
} from "./Resources.js"

/** What the engine answers about itself. */
export const Info = Schema.Struct({
  ID: Text,
  Name: Text,
  ServerVersion: Text,
  OSType: Text,
  Architecture: Text,
  NCPU: Count,
  MemTotal: Count,
  Driver: Text,
  CgroupVersion: Text,
  SecurityOptions: Texts
})

export const toInfo = (info: typeof Info.Type): EngineInfo => ({
  id: info.ID,
  name: info.Name,
  version: info.ServerVersion,
  os: info.OSType,
  architecture: info.Architecture,
  cpus: info.NCPU,
  memoryBytes: info.MemTotal,
  storageDriver: info.Driver,
  cgroupVersion: info.CgroupVersion || "1",
  securityOptions: info.SecurityOptions,
  rootless: info.SecurityOptions.some((option) => option.includes("rootless"))
})

/** What the engine answers about its version. */
export const Version = Schema.Struct({ Version: Text, ApiVersion: Text, MinAPIVersion: Text, Os: Text, Arch: Text })

export const toVersion = (version: typeof Version.Type): EngineVersion => ({
  version: version.Version,
  apiVersion: version.ApiVersion,
  minApiVersion: version.MinAPIVersion,
  os: version.Os,
  architecture: version.Arch
})

const noConfig = {
  User: "",
  Entrypoint: [],
  Cmd: [],
  Env: [],
  WorkingDir: "",
  Labels: {},
  ExposedPorts: {}
}

/** The answer of an inspection of an image. */
export const InspectedImage = withRaw(
  Schema.Struct({
    Id: Schema.String,
    RepoTags: Texts,
    RepoDigests: Texts,
    Created: Text,
    Size: Count,
    Os: Text,
    Architecture: Text,
    Config: Schema.optionalWith(
      Schema.Struct({
        User: Text,
        Entrypoint: Texts,
        Cmd: Texts,
        Env: Texts,
        WorkingDir: Text,
        Labels,
        ExposedPorts: Dictionary(Schema.Unknown)
      }),
      { default: () => noConfig, nullable: true }
    ),
    RootFS: Schema.optionalWith(Schema.Struct({ Layers: Texts }), { default: () => ({ Layers: [] }), nullable: true })
  })
)

export const toImage = ({ raw, read }: typeof InspectedImage.Type): Image => ({
  id: read.Id,
  tags: named(read.RepoTags),
  digests: named(read.RepoDigests),
  createdAt: time(read.Created),
  sizeBytes: read.Size,
  labels: read.Config.Labels,
  user: read.Config.User,
  entrypoint: read.Config.Entrypoint,
  command: read.Config.Cmd,
  environment: environment(read.Config.Env),
  workingDirectory: read.Config.WorkingDir,
  exposedPorts: Object.keys(read.Config.ExposedPorts),
  layers: read.RootFS.Layers,
  os: read.Os,
  architecture: read.Architecture,
  raw
})

/** Older engines call an image without a name `<none>:<none>`. */
const named = (names: ReadonlyArray<string>): ReadonlyArray<string> => names.filter((name) => !name.includes("<none>"))

/** One line of a list of images. */
export const ListedImage = Schema.Struct({ Id: Schema.String, RepoTags: Texts, Labels, Size: Count, Created: Count })

export const toImageSummary = (listed: typeof ListedImage.Type): ImageSummary => ({
  id: listed.Id,
  tags: named(listed.RepoTags),
  labels: listed.Labels,
  sizeBytes: listed.Size,
  createdAt: seconds(listed.Created)
})

/** One step of the history of an image. */
export const HistoryEntry = Schema.Struct({ CreatedBy: Text, Comment: Text, Size: Count })

export const toHistoryEntry = (entry: typeof HistoryEntry.Type): ImageHistoryEntry => ({
  createdBy: entry.CreatedBy,
  comment: entry.Comment,
  sizeBytes: entry.Size
})

/** The answer of an inspection of a network; also one line of a list. */
export const InspectedNetwork = Schema.Struct({
  Id: Schema.String,
  Name: Text,
  Driver: Text,
  Internal: Flag,
  Labels,
  IPAM: Schema.optionalWith(Schema.Struct({ Config: List(Schema.Struct({ Subnet: Text })) }), {
    default: () => ({ Config: [] }),
    nullable: true
  }),
  Containers: Dictionary(Schema.Unknown)
})

export const toNetwork = (network: typeof InspectedNetwork.Type): Network => ({
  id: network.Id,
  name: network.Name,
  driver: network.Driver,
  internal: network.Internal,
  labels: network.Labels,
  subnets: network.IPAM.Config.map(({ Subnet }) => Subnet),
  containers: Object.keys(network.Containers)
})

/** A volume. */
export const InspectedVolume = Schema.Struct({ Name: Schema.String, Driver: Text, Labels, Mountpoint: Text })

/** The answer of a list of volumes. */
export const ListedVolumes = Schema.Struct({ Volumes: List(InspectedVolume) })

export const toVolume = (volume: typeof InspectedVolume.Type): Volume => ({
  name: volume.Name,
  driver: volume.Driver,
  labels: volume.Labels,
  mountpoint: volume.Mountpoint
})

/** One event. */
export const Event = Schema.Struct({
  Type: Text,
  Action: Text,
  Actor: Schema.optionalWith(Schema.Struct({ ID: Text, Attributes: Labels }), {
    default: () => ({ ID: "", Attributes: {} }),
    nullable: true
  }),
  time: Count,
  timeNano: Count
})

export const toEvent = (event: typeof Event.Type): EngineEvent => ({
  type: event.Type,
  action: event.Action,
  id: event.Actor.ID,
  attributes: event.Actor.Attributes,
  at: DateTime.unsafeMake(event.timeNano > 0 ? Math.floor(event.timeNano / 1e6) : event.time * 1_000)
})

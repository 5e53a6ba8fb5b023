/** Reads the answers of an engine about itself, images, networks, volumes and events. */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
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
import type { EngineEvent, EngineInfo, Image, ImageSummary, Network as NetworkModel } from "./Resources.js"

/** The engine. */
export const Info = Schema.Struct({
  id: Text.pipe(Schema.fromKey("ID")),
  name: Text.pipe(Schema.fromKey("Name")),
  version: Text.pipe(Schema.fromKey("ServerVersion")),
  os: Text.pipe(Schema.fromKey("OSType")),
  architecture: Text.pipe(Schema.fromKey("Architecture")),
  cpus: Count.pipe(Schema.fromKey("NCPU")),
  memoryBytes: Count.pipe(Schema.fromKey("MemTotal")),
  storageDriver: Text.pipe(Schema.fromKey("Driver")),
  cgroupVersion: Text.pipe(Schema.fromKey("CgroupVersion")),
  securityOptions: Texts.pipe(Schema.fromKey("SecurityOptions")),
  time: Text.pipe(Schema.fromKey("SystemTime")),
  swarm: Part(
    Schema.Struct({
      NodeID: Text,
      NodeAddr: Text,
      ControlAvailable: Flag,
      Error: Text,
      Cluster: Part(Schema.Struct({ ID: Text }))
    })
  ).pipe(Schema.fromKey("Swarm"))
})

export const toInfo = ({ swarm, time: at, ...info }: typeof Info.Type): EngineInfo => ({
  ...info,
  time: time(at),
  swarm:
    swarm.NodeID === ""
      ? undefined
      : {
          clusterId: swarm.Cluster.ID || undefined,
          nodeId: swarm.NodeID,
          nodeAddress: swarm.NodeAddr,
          isManager: swarm.ControlAvailable,
          error: swarm.Error || undefined
        },
  cgroupVersion: info.cgroupVersion || "1",
  rootless: info.securityOptions.some((option) => option.includes("rootless"))
})

/** The versions of the engine. */
export const Version = Schema.Struct({
  version: Text.pipe(Schema.fromKey("Version")),
  apiVersion: Text.pipe(Schema.fromKey("ApiVersion")),
  minApiVersion: Text.pipe(Schema.fromKey("MinAPIVersion")),
  os: Text.pipe(Schema.fromKey("Os")),
  architecture: Text.pipe(Schema.fromKey("Arch"))
})

/** An inspected image. */
export const InspectedImage = withRaw(
  Schema.Struct({
    Id: Schema.String,
    RepoTags: Texts,
    RepoDigests: Texts,
    Created: Text,
    Size: Count,
    Os: Text,
    Architecture: Text,
    Config: Part(
      Schema.Struct({
        User: Text,
        Entrypoint: Texts,
        Cmd: Texts,
        Env: Texts,
        WorkingDir: Text,
        Labels,
        ExposedPorts: Dictionary(Schema.Unknown)
      })
    ),
    RootFS: Part(Schema.Struct({ Layers: Texts }))
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

/** One image of a list. */
export const ListedImage = Schema.Struct({ Id: Schema.String, RepoTags: Texts, Labels, Size: Count, Created: Count })

export const toImageSummary = (listed: typeof ListedImage.Type): ImageSummary => ({
  id: listed.Id,
  tags: named(listed.RepoTags),
  labels: listed.Labels,
  sizeBytes: listed.Size,
  createdAt: seconds(listed.Created)
})

/** One step of the history of an image. */
export const HistoryEntry = Schema.Struct({
  createdBy: Text.pipe(Schema.fromKey("CreatedBy")),
  comment: Text.pipe(Schema.fromKey("Comment")),
  sizeBytes: Count.pipe(Schema.fromKey("Size"))
})

/** An inspected network, or one of a list. */
export const Network = Schema.Struct({
  id: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("Id")),
  name: Text.pipe(Schema.fromKey("Name")),
  driver: Text.pipe(Schema.fromKey("Driver")),
  internal: Flag.pipe(Schema.fromKey("Internal")),
  labels: Labels.pipe(Schema.fromKey("Labels")),
  IPAM: Part(Schema.Struct({ Config: List(Schema.Struct({ Subnet: Text })) })),
  Containers: Dictionary(Schema.Unknown)
})

export const toNetwork = ({ Containers, IPAM, ...network }: typeof Network.Type): NetworkModel => ({
  ...network,
  subnets: IPAM.Config.map(({ Subnet }) => Subnet),
  containers: Object.keys(Containers)
})

/** A volume. */
export const Volume = Schema.Struct({
  name: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("Name")),
  driver: Text.pipe(Schema.fromKey("Driver")),
  labels: Labels.pipe(Schema.fromKey("Labels")),
  mountpoint: Text.pipe(Schema.fromKey("Mountpoint"))
})

/** A list of volumes. */
export const ListedVolumes = Schema.Struct({ Volumes: List(Volume) })

/** One event. */
export const Event = Schema.Struct({
  Type: Text,
  Action: Text,
  Actor: Part(Schema.Struct({ ID: Text, Attributes: Labels })),
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

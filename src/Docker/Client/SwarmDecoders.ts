/** Reads the answers of an engine about services, tasks, nodes, secrets and configs. */
import * as Schema from "effect/Schema"
import { Count, Labels, List, Part, Raw, Text, Texts, time, withRaw } from "./Decoders.js"
import type { Service, SwarmNode, SwarmObject, Task, TaskState, UpdateState } from "./Swarm.js"

const Port = Schema.Struct({ TargetPort: Count, PublishedPort: Count, PublishMode: Text })

const ContainerSpec = Part(
  Schema.Struct({
    Image: Text,
    Labels,
    Secrets: List(Schema.Struct({ SecretID: Text })),
    Configs: List(Schema.Struct({ ConfigID: Text }))
  })
)

/** An inspected service, or one of a list. */
export const InspectedService = withRaw(
  Schema.Struct({
    ID: Schema.String,
    Version: Part(Schema.Struct({ Index: Count })),
    CreatedAt: Text,
    Spec: Schema.Struct({
      Name: Text,
      Labels,
      TaskTemplate: Part(Schema.Struct({ ContainerSpec, Placement: Part(Schema.Struct({ Constraints: Texts })) })),
      Mode: Part(Schema.Struct({ Replicated: Schema.optional(Schema.Struct({ Replicas: Count })) })),
      EndpointSpec: Part(Schema.Struct({ Ports: List(Port) }))
    }),
    PreviousSpec: Schema.optional(Schema.NullOr(Schema.Struct({ Labels }))),
    UpdateStatus: Schema.optional(Schema.NullOr(Schema.Struct({ State: Text, Message: Text })))
  })
)

export const toService = ({ raw, read }: typeof InspectedService.Type): Service => {
  const { EndpointSpec, Mode, TaskTemplate, ...spec } = read.Spec
  return {
    id: read.ID,
    name: spec.Name,
    version: read.Version.Index,
    createdAt: time(read.CreatedAt),
    labels: spec.Labels,
    image: TaskTemplate.ContainerSpec.Image,
    replicas: Mode.Replicated?.Replicas,
    constraints: TaskTemplate.Placement.Constraints,
    ports: EndpointSpec.Ports.map(({ PublishMode, PublishedPort, TargetPort }) => ({
      container: TargetPort,
      host: PublishedPort || undefined,
      mode: PublishMode
    })),
    secrets: TaskTemplate.ContainerSpec.Secrets.map(({ SecretID }) => SecretID),
    configs: TaskTemplate.ContainerSpec.Configs.map(({ ConfigID }) => ConfigID),
    previousLabels: read.PreviousSpec?.Labels,
    update:
      read.UpdateStatus == null || read.UpdateStatus.State === ""
        ? undefined
        : { state: oneOf(updateStates, read.UpdateStatus.State), message: read.UpdateStatus.Message },
    raw
  }
}

/** The specification of an inspected service. */
export const SpecOf = Schema.Struct({ Spec: Raw })

/** A task. */
export const ListedTask = Schema.Struct({
  ID: Schema.String,
  ServiceID: Text,
  Slot: Count,
  NodeID: Text,
  CreatedAt: Text,
  Spec: Part(Schema.Struct({ ContainerSpec })),
  DesiredState: Text,
  Status: Part(
    Schema.Struct({
      Timestamp: Text,
      State: Text,
      Message: Text,
      Err: Text,
      ContainerStatus: Part(Schema.Struct({ ContainerID: Text, ExitCode: Schema.optional(Schema.Number) }))
    })
  )
})

export const toTask = ({ Status, ...task }: typeof ListedTask.Type): Task => ({
  id: task.ID,
  serviceId: task.ServiceID,
  slot: task.Slot,
  nodeId: task.NodeID || undefined,
  labels: task.Spec.ContainerSpec.Labels,
  state: oneOf(taskStates, Status.State),
  desired: oneOf(taskStates, task.DesiredState),
  message: Status.Message,
  error: Status.Err || undefined,
  at: time(Status.Timestamp),
  createdAt: time(task.CreatedAt),
  containerId: Status.ContainerStatus.ContainerID || undefined,
  exitCode: Status.ContainerStatus.ExitCode
})

/** A node. */
export const ListedNode = Schema.Struct({
  ID: Schema.String,
  Spec: Part(Schema.Struct({ Labels, Role: Text, Availability: Text })),
  Description: Part(Schema.Struct({ Hostname: Text, Platform: Part(Schema.Struct({ OS: Text, Architecture: Text })) })),
  Status: Part(Schema.Struct({ State: Text, Addr: Text }))
})

export const toNode = ({ Description, ID, Spec, Status }: typeof ListedNode.Type): SwarmNode => ({
  id: ID,
  hostname: Description.Hostname,
  role: Spec.Role === "manager" ? "manager" : "worker",
  availability: Spec.Availability === "pause" || Spec.Availability === "drain" ? Spec.Availability : "active",
  state: oneOf(nodeStates, Status.State),
  address: Status.Addr,
  labels: Spec.Labels,
  os: Description.Platform.OS,
  architecture: Description.Platform.Architecture
})

/** A secret or a config. */
export const ListedObject = Schema.Struct({
  ID: Schema.String,
  CreatedAt: Text,
  Spec: Part(Schema.Struct({ Name: Text, Labels }))
})

export const toObject = ({ CreatedAt, ID, Spec }: typeof ListedObject.Type): SwarmObject => ({
  id: ID,
  name: Spec.Name,
  labels: Spec.Labels,
  createdAt: time(CreatedAt)
})

/** The answer to the creation of a resource of the swarm; the name of the field depends on the resource. */
export const CreatedInSwarm = Schema.Struct({ ID: Schema.String })

const nodeStates = ["ready", "down", "disconnected", "unknown"] as const

const updateStates: ReadonlyArray<UpdateState> = [
  "updating",
  "paused",
  "completed",
  "rollback_started",
  "rollback_paused",
  "rollback_completed"
]

const taskStates: ReadonlyArray<TaskState> = [
  "new",
  "pending",
  "assigned",
  "accepted",
  "preparing",
  "ready",
  "starting",
  "running",
  "complete",
  "shutdown",
  "failed",
  "rejected",
  "remove",
  "orphaned"
]

const oneOf = <A extends string>(known: ReadonlyArray<A>, text: string): A | "unknown" =>
  known.find((one) => one === text) ?? "unknown"

/** The objects of a cluster's API, as far as this flavor reads them. */
import * as Schema from "effect/Schema"

/**
 * A type of objects.
 *
 * @category models
 * @since 0.2.0
 */
export interface ResourceType {
  readonly apiVersion: string
  readonly kind: string
  /** The name in paths and rights. */
  readonly plural: string
  /** True for types without a namespace. */
  readonly clusterScoped?: boolean
}

const type = (apiVersion: string, kind: string, plural: string, clusterScoped = false): ResourceType => ({
  apiVersion,
  kind,
  plural,
  clusterScoped
})

/**
 * The types that the flavor uses.
 *
 * @category constants
 * @since 0.2.0
 */
export const types = {
  deployments: type("apps/v1", "Deployment", "deployments"),
  pods: type("v1", "Pod", "pods"),
  services: type("v1", "Service", "services"),
  secrets: type("v1", "Secret", "secrets"),
  configMaps: type("v1", "ConfigMap", "configmaps"),
  events: type("v1", "Event", "events"),
  disruptionBudgets: type("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  networkPolicies: type("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
  ingresses: type("networking.k8s.io/v1", "Ingress", "ingresses"),
  autoscalers: type("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  namespaces: type("v1", "Namespace", "namespaces", true),
  nodes: type("v1", "Node", "nodes", true)
} as const

/**
 * The group of a type, empty for the core group.
 *
 * @category accessors
 * @since 0.2.0
 */
export const groupOf = ({ apiVersion }: Pick<ResourceType, "apiVersion">): string =>
  apiVersion.includes("/") ? apiVersion.replace(/\/.*$/, "") : ""

const StringMap = Schema.Record({ key: Schema.String, value: Schema.String })

const none = (): ReadonlyArray<string> => []
const empty = (): Readonly<Record<string, string>> => ({})

const Metadata = Schema.Struct({
  name: Schema.String,
  namespace: Schema.optional(Schema.String),
  uid: Schema.optional(Schema.String),
  resourceVersion: Schema.optional(Schema.String),
  generation: Schema.optional(Schema.Number),
  creationTimestamp: Schema.optional(Schema.String),
  deletionTimestamp: Schema.optional(Schema.String),
  deletionGracePeriodSeconds: Schema.optional(Schema.Number),
  /** The names of what holds a removed object. */
  finalizers: Schema.optionalWith(Schema.Array(Schema.String), { default: none }),
  /** The labels by name. */
  labels: Schema.optionalWith(StringMap, { default: empty }),
  /** The annotations by name. */
  annotations: Schema.optionalWith(StringMap, { default: empty })
})

/**
 * Any object: its identity, and the other fields as they are.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Resource = Schema.Struct(
  { metadata: Metadata },
  Schema.Record({ key: Schema.String, value: Schema.Unknown })
)

/**
 * Any object of a cluster.
 *
 * @category models
 * @since 0.2.0
 */
export type Resource = typeof Resource.Type

/**
 * An object to apply. Its fields become those of the field manager.
 *
 * @category models
 * @since 0.2.0
 */
export interface Applied {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata?: object | undefined
}

/**
 * The place of an object.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reference {
  readonly type: ResourceType
  /** Empty for types without a namespace. */
  readonly namespace: string
  readonly name: string
}

/**
 * The name of an object for messages: `Service weather in the namespace default`.
 *
 * @category formatting
 * @since 0.2.0
 */
export const describe = ({ name, namespace, type: { kind } }: Reference): string =>
  namespace === "" ? `${kind} ${name}` : `${kind} ${name} in the namespace ${namespace}`

const Condition = Schema.Struct({
  type: Schema.String,
  status: Schema.String,
  reason: Schema.optional(Schema.String),
  message: Schema.optional(Schema.String),
  lastTransitionTime: Schema.optional(Schema.NullOr(Schema.String))
})

const list = <A, I>(item: Schema.Schema<A, I>) => Schema.optionalWith(Schema.Array(item), { default: () => [] })

/**
 * The fields of a Deployment that show the progress of its rollout.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DeploymentObject = Schema.Struct({
  metadata: Metadata,
  spec: Schema.Struct({
    replicas: Schema.optionalWith(Schema.Number, { default: () => 1 }),
    paused: Schema.optionalWith(Schema.Boolean, { default: () => false })
  }),
  status: Schema.optionalWith(
    Schema.Struct({
      observedGeneration: Schema.optional(Schema.Number),
      updatedReplicas: Schema.optionalWith(Schema.Number, { default: () => 0 }),
      readyReplicas: Schema.optionalWith(Schema.Number, { default: () => 0 }),
      conditions: list(Condition)
    }),
    { default: () => ({ updatedReplicas: 0, readyReplicas: 0, conditions: [] }) }
  )
})

/** See {@link DeploymentObject}. */
export type DeploymentObject = typeof DeploymentObject.Type

const Terminated = Schema.Struct({
  exitCode: Schema.Number,
  reason: Schema.optional(Schema.String),
  message: Schema.optional(Schema.String)
})

const ContainerState = Schema.optionalWith(
  Schema.Struct({
    waiting: Schema.optional(
      Schema.Struct({ reason: Schema.optional(Schema.String), message: Schema.optional(Schema.String) })
    ),
    running: Schema.optional(Schema.Struct({ startedAt: Schema.optional(Schema.NullOr(Schema.String)) })),
    terminated: Schema.optional(Terminated)
  }),
  { default: () => ({}) }
)

const ContainerStatus = Schema.Struct({
  name: Schema.String,
  ready: Schema.Boolean,
  restartCount: Schema.Number,
  state: ContainerState,
  lastState: ContainerState
})

/** The status of a container of a pod. */
export type ContainerStatus = typeof ContainerStatus.Type

/**
 * The fields of a Pod that show the state of its container.
 *
 * @category schemas
 * @since 0.2.0
 */
export const PodObject = Schema.Struct({
  metadata: Metadata,
  spec: Schema.optionalWith(Schema.Struct({ nodeName: Schema.optional(Schema.String) }), { default: () => ({}) }),
  status: Schema.optionalWith(
    Schema.Struct({
      phase: Schema.optional(Schema.String),
      reason: Schema.optional(Schema.String),
      message: Schema.optional(Schema.String),
      conditions: list(Condition),
      containerStatuses: list(ContainerStatus)
    }),
    { default: () => ({ conditions: [], containerStatuses: [] }) }
  )
})

/** See {@link PodObject}. */
export type PodObject = typeof PodObject.Type

/**
 * The addresses of a Service.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ServiceObject = Schema.Struct({
  metadata: Metadata,
  spec: Schema.Struct({
    type: Schema.optional(Schema.String),
    clusterIP: Schema.optional(Schema.String),
    selector: Schema.optionalWith(StringMap, { default: () => ({}) }),
    ports: list(Schema.Struct({ port: Schema.Number, nodePort: Schema.optional(Schema.Number) }))
  })
})

/** See {@link ServiceObject}. */
export type ServiceObject = typeof ServiceObject.Type

/**
 * The phase of a Namespace.
 *
 * @category schemas
 * @since 0.2.0
 */
export const NamespaceObject = Schema.Struct({
  metadata: Metadata,
  status: Schema.optionalWith(Schema.Struct({ phase: Schema.optional(Schema.String) }), { default: () => ({}) })
})

/**
 * The addresses of a Node.
 *
 * @category schemas
 * @since 0.2.0
 */
export const NodeObject = Schema.Struct({
  metadata: Metadata,
  status: Schema.optionalWith(
    Schema.Struct({ addresses: list(Schema.Struct({ type: Schema.String, address: Schema.String })) }),
    { default: () => ({ addresses: [] }) }
  )
})

/**
 * An event about an object.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EventObject = Schema.Struct({
  metadata: Metadata,
  type: Schema.optional(Schema.String),
  reason: Schema.optional(Schema.String),
  message: Schema.optional(Schema.String),
  involvedObject: Schema.Struct({ kind: Schema.optional(Schema.String), name: Schema.optional(Schema.String) })
})

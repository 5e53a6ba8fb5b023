/** The settings of a deployment in a cluster. Every default is the safe choice. */
import * as Schema from "effect/Schema"
import { ImageReference, ImageRepository } from "../Containerized/ImageReference.js"
import { ImageSettings } from "../Containerized/ImageSettings.js"
import { Memory } from "../Settings/Size.js"
import * as Settings from "../Settings.js"

const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: A) =>
  Schema.optionalWith(schema, { default: () => value })

const count = (minimum: number, maximum = 1_000) => Schema.Int.pipe(Schema.between(minimum, maximum))

/**
 * A name in a cluster: lower-case letters, digits and hyphens, at most 63 characters.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DnsLabel = Schema.String.pipe(
  Schema.pattern(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
    message: () => "must be 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends"
  })
)

const Host = Schema.String.pipe(
  Schema.pattern(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, {
    message: () => 'must be a host name such as "weather.example.com"'
  })
)

const Cpus = Schema.Number.pipe(Schema.between(0.001, 1_024))

/**
 * An Ingress for the deployment.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Ingress = Schema.Struct({
  /** The host name of the URL. */
  host: Host,
  /** The class of the controller; default that of the cluster. */
  className: Schema.optional(DnsLabel),
  /** The Secret with the certificate; the URL then begins with `https`. Default none. */
  tlsSecret: Schema.optional(DnsLabel),
  /** More annotations, for the controller; default none. */
  annotations: withDefault(Schema.Record({ key: Schema.String, value: Schema.String }), {})
})

/**
 * An autoscaler for the deployment. The cluster needs a metrics server.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Autoscale = Schema.Struct({
  /** The least replicas. */
  min: count(1),
  /** The most replicas. */
  max: count(1),
  /** The use of the requested processor time, in percent, that it aims at; default 80. */
  cpuPercent: withDefault(count(1, 100), 80)
}).pipe(Schema.filter(({ max, min }) => min <= max || "min must not be greater than max"))

const Toleration = Schema.Struct({
  key: Schema.String,
  value: Schema.optional(Schema.String),
  effect: Schema.optional(Schema.Literal("NoSchedule", "PreferNoSchedule", "NoExecute"))
})

/**
 * The settings of every flavor, and those of pods.
 *
 * @category schemas
 * @since 0.2.0
 */
export const KubernetesSettings = Schema.Struct({
  ...Settings.Deployment.fields,
  /** The namespace; default that of the context. It has to exist. */
  namespace: Schema.optional(DnsLabel),
  /** The pods that serve at the same time; default 1. More than one need `serving.runStoreSecret`. */
  replicas: withDefault(count(1), 1),
  /** An autoscaler instead of `replicas`; default none. */
  autoscale: Schema.optional(Autoscale),
  /** The most processors of a pod, such as `0.5`; default no limit. */
  cpus: Schema.optional(Cpus),
  /** The processors that a node keeps for a pod; default 0.1. */
  cpuRequest: withDefault(Cpus, 0.1),
  /**
   * The most memory of a pod, such as `512m`, which a node keeps for it; default `512m`. JavaScript's heap gets three
   * quarters of it, divided among the workers.
   */
  memory: withDefault(Memory, "512m"),
  /** The way of callers: from the cluster, from the addresses of the nodes, or through an Ingress. Default `clusterIp`. */
  exposure: withDefault(Schema.Literal("clusterIp", "nodePort", "ingress"), "clusterIp"),
  /** The port of the Service; default 80. */
  servicePort: withDefault(count(1, 65_535), 80),
  /** The port of the nodes with `exposure: "nodePort"`; default one that the cluster chooses. */
  nodePort: Schema.optional(count(1, 65_535)),
  /** The host of the URL with `exposure: "nodePort"`; default the address of a node. */
  address: Schema.optional(Host),
  /** The Ingress, for `exposure: "ingress"`. */
  ingress: Schema.optional(Ingress),
  /** Lets nothing but the port of the service in, if the network of the cluster has policies; default `true`. */
  networkPolicy: withDefault(Schema.Boolean, true),
  /** Labels of the nodes to run on; default none. */
  nodeSelector: withDefault(Schema.Record({ key: Schema.String, value: Schema.String }), {}),
  /** Taints of nodes to tolerate; default none. */
  tolerations: withDefault(Schema.Array(Toleration), []),
  /** The account of the pods; default that of the namespace. Pods get no token of it. */
  serviceAccount: Schema.optional(DnsLabel),
  /**
   * The repository of images, with the host of the registry: `registry.example.com/team`. The engine of this machine pushes
   * the image there, and the nodes pull it.
   */
  imageRepository: Schema.optional(ImageRepository),
  /** Secrets with the credentials of the registry, for the nodes; default none. */
  pullSecrets: withDefault(Schema.Array(DnsLabel), []),
  /** The claim of the volume with the run store; default none: a replaced pod loses the runs of a run store in a file. */
  dataClaim: Schema.optional(DnsLabel),
  /** Size of `/tmp` of a pod in bytes, which is memory; default 64 MiB. */
  tmpfsBytes: withDefault(Schema.Int.pipe(Schema.greaterThanOrEqualTo(1_048_576)), 64 * 1_048_576),
  /**
   * Time that a pod that has to stop accepts requests, before it drains, in milliseconds; default 5,000. In this time every
   * node of the cluster learns that the pod gets no requests any more.
   */
  stopDelayMillis: withDefault(count(0, 600_000), 5_000),
  /** Time that a pod may wait for a node with room, in milliseconds; default 10,000. More for clusters that add nodes. */
  schedulingMillis: withDefault(count(0, 3_600_000), 10_000),
  /** Takes over fields that others changed by hand; default `false`, which refuses to deploy. */
  force: withDefault(Schema.Boolean, false),
  /** The base of its image by reference, or `host` for this machine's Node; short for `image.base`. */
  base: Schema.optional(Schema.Union(Schema.Literal("host"), ImageReference)),
  /** The content of its image. */
  image: withDefault(ImageSettings, Schema.decodeSync(ImageSettings)({}))
}).pipe(
  Schema.filter(({ autoscale, dataClaim, exposure, ingress, replicas, restart, serving }) => [
    ...(restart === "always" ? [] : [{ path: ["restart"], message: 'must be "always": a cluster restarts every pod' }]),
    ...((autoscale?.max ?? replicas) > 1 && serving.recording !== "none" && serving.runStoreSecret === undefined
      ? [
          {
            path: autoscale === undefined ? ["replicas"] : ["autoscale", "max"],
            message:
              "needs a run store that the pods share: set serving.runStoreSecret to a secret with the URL of a PostgreSQL, or serving.recording to none"
          }
        ]
      : []),
    ...(exposure === "ingress" && ingress === undefined
      ? [{ path: ["ingress"], message: 'is required for the exposure "ingress"' }]
      : []),
    ...(dataClaim !== undefined && (autoscale?.max ?? replicas) > 1
      ? [{ path: ["dataClaim"], message: "is for one replica only" }]
      : [])
  ])
)

/**
 * Settings of a deployment in a cluster, complete.
 *
 * @category models
 * @since 0.2.0
 */
export type KubernetesSettings = typeof KubernetesSettings.Type

/**
 * Settings of a deployment in a cluster in a call: every field is optional.
 *
 * @category models
 * @since 0.2.0
 */
export type KubernetesSettingsInput = typeof KubernetesSettings.Encoded

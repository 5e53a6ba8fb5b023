/** The objects of a generation, and those that all generations share. Pure: `deployers export kubernetes` writes them, too. */
import type {
  V1ConfigMap,
  V1Deployment,
  V1Ingress,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1Secret,
  V1Service,
  V2HorizontalPodAutoscaler
} from "@kubernetes/client-node"
import * as Schema from "effect/Schema"
import type { Intake } from "../../Deployment/Intake.js"
import { type Reference, type ResourceType, types } from "../Client/Resources.js"
import * as Labels from "../Labels.js"
import type { ObjectMetadata, Parts } from "./Context.js"
import { contentOf, inside, intakeEntry, intakeOf } from "./Files.js"
import { podSpec } from "./Pod.js"

/** An object and its place. */
export interface Planned<A extends object = object> {
  readonly reference: Reference
  readonly object: A
  /** The field manager. */
  readonly manager: string
}

/** An object in the namespace of a request. */
export const planned = <A extends object>(parts: Parts, type: ResourceType, name: string, object: A): Planned<A> => ({
  reference: { type, namespace: namespaceOf(parts), name },
  object,
  manager: Labels.manager
})

/** The objects of one generation, in the order in which they are applied. */
export const instanceObjects = (parts: Parts): ReadonlyArray<Planned> => {
  const { names } = parts.identity
  return [
    immutable(secretWith(parts, contentOf(parts.request))),
    planned(parts, types.services, names.instance, instanceService(parts)),
    ...podObjects(parts)
  ]
}

/** The Secret with these entries. */
export const secretWith = (parts: Parts, content: Readonly<Record<string, string>>): Planned<V1Secret> =>
  planned(parts, types.secrets, parts.identity.names.secret, {
    metadata: parts.identity.instance,
    type: "Opaque",
    data: Object.fromEntries(
      Object.entries(content).map(([name, text]) => [name, Buffer.from(text).toString("base64")])
    )
  })

/** The objects that run the pods. */
export const podObjects = (parts: Parts): ReadonlyArray<Planned> => {
  const { names } = parts.identity
  return [
    planned(parts, types.deployments, names.instance, deployment(parts)),
    ...(parts.request.settings.autoscale === undefined
      ? []
      : [planned(parts, types.autoscalers, names.instance, autoscaler(parts))])
  ]
}

/**
 * The objects that all generations share, with a Service that leads callers to this generation. They are applied when the
 * generation is accepted, so that a failed change changes none of them.
 */
export const sharedObjects = (parts: Parts): ReadonlyArray<Planned> => {
  const { request } = parts
  const { networkPolicy: isolated } = request.settings
  const { shared } = parts.identity.names
  return [
    planned(parts, types.services, shared, service(parts)),
    planned(parts, types.disruptionBudgets, shared, disruptionBudget(parts)),
    ...(isolated ? [planned(parts, types.networkPolicies, shared, networkPolicy(parts))] : []),
    ...(request.settings.exposure === "ingress" ? [planned(parts, types.ingresses, shared, ingress(parts))] : [])
  ]
}

/** The number of replicas that a generation with an autoscaler starts with. Afterwards the autoscaler owns the field. */
export const startSize = (parts: Parts): Planned | undefined =>
  parts.request.settings.autoscale === undefined
    ? undefined
    : {
        reference: { type: types.deployments, namespace: namespaceOf(parts), name: parts.identity.names.instance },
        object: { spec: { replicas: parts.startReplicas } },
        manager: Labels.sizeManager
      }

/** The ConfigMap with the intake of a deployment, which all of its pods see. */
export const intakeMap = (parts: Parts): Planned =>
  planned(parts, types.configMaps, parts.identity.names.intake, {
    metadata: parts.identity.shared,
    ...intakeData(parts.request.intake)
  })

/** The content of {@link intakeMap}. */
export const intakeData = (intake: Intake | undefined): Pick<V1ConfigMap, "data"> => ({
  data: { [intakeEntry]: intakeOf(intake) }
})

/** An object that all generations share, in the annotation of a generation. */
export const Shared = Schema.Array(
  Schema.Struct({
    type: Schema.Literal("services", "disruptionBudgets", "networkPolicies", "ingresses"),
    name: Schema.String,
    object: Schema.Record({ key: Schema.String, value: Schema.Unknown })
  })
)

/** The types of objects that all generations share. */
export const sharedTypes = ["services", "disruptionBudgets", "networkPolicies", "ingresses"] as const

// internal

const encodeShared = (objects: ReadonlyArray<Planned>): string =>
  JSON.stringify(
    objects.map(({ object, reference }) => ({
      type: sharedTypes.find((key) => types[key] === reference.type),
      name: reference.name,
      object
    }))
  )

const namespaceOf = ({ request }: Pick<Parts, "request">): string => request.settings.namespace ?? "default"

/** The name of the Secret of a generation says its content: a new content is a new Secret, and new pods. */
const immutable = (secret: Planned<V1Secret>): Planned<V1Secret> => ({
  ...secret,
  object: { ...secret.object, immutable: true }
})

const withAnnotations = ({ annotations, labels }: ObjectMetadata, more: Readonly<Record<string, string>>) => ({
  labels,
  annotations: { ...annotations, ...more }
})

const placeOf = ({ request: { settings } }: Parts): Readonly<Record<string, string>> => ({
  ...(settings.exposure === "ingress" && settings.ingress !== undefined
    ? {
        [Labels.annotations.url]:
          `${settings.ingress.tlsSecret === undefined ? "http" : "https"}://${settings.ingress.host}`
      }
    : {}),
  ...(settings.address === undefined ? {} : { [Labels.annotations.address]: settings.address })
})

const deployment = (parts: Parts): V1Deployment => {
  const { identity, request } = parts
  const { settings } = request
  return {
    metadata: withAnnotations(identity.instance, { [Labels.annotations.scheduling]: `${settings.schedulingMillis}` }),
    spec: {
      ...(settings.autoscale === undefined ? { replicas: request.share?.parts ?? settings.replicas } : {}),
      revisionHistoryLimit: 1,
      progressDeadlineSeconds: Math.max(10, Math.ceil(settings.timeoutMillis / 1_000)),
      selector: { matchLabels: identity.selectors.instance },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: { metadata: identity.pod, spec: podSpec(parts) }
    }
  }
}

const portsOf = ({ request }: Parts) => [
  { name: "http", port: request.settings.servicePort, targetPort: inside.port, protocol: "TCP" }
]

const serviceType = ({ request }: Parts) => (request.settings.exposure === "nodePort" ? "NodePort" : "ClusterIP")

const service = (parts: Parts): V1Service => {
  const { exposure, nodePort } = parts.request.settings
  const [port] = portsOf(parts)
  return {
    metadata: parts.identity.shared,
    spec: {
      type: serviceType(parts),
      ports: port === undefined ? [] : [{ ...port, ...(exposure === "nodePort" && nodePort ? { nodePort } : {}) }],
      selector: parts.identity.selectors.instance
    }
  }
}

/** The Service of one generation, for its health check. Its annotations are for the time when it gets the callers. */
const instanceService = (parts: Parts): V1Service => ({
  metadata: withAnnotations(parts.identity.instance, {
    ...placeOf(parts),
    [Labels.annotations.shared]: encodeShared(sharedObjects(parts))
  }),
  spec: { type: serviceType(parts), ports: portsOf(parts), selector: parts.identity.selectors.instance }
})

/** A node may be drained as long as one pod of a deployment serves; a deployment with one pod does not hold a drain up. */
const disruptionBudget = (parts: Parts): V1PodDisruptionBudget => ({
  metadata: parts.identity.shared,
  spec: { maxUnavailable: 1, selector: { matchLabels: parts.identity.selectors.all } }
})

const networkPolicy = (parts: Parts): V1NetworkPolicy => ({
  metadata: parts.identity.shared,
  spec: {
    podSelector: { matchLabels: parts.identity.selectors.all },
    policyTypes: ["Ingress"],
    ingress: [{ ports: [{ protocol: "TCP", port: inside.port }] }]
  }
})

const ingress = (parts: Parts): V1Ingress => {
  const { name, settings } = parts.request
  const { annotations = {}, className, host = name, tlsSecret } = settings.ingress ?? {}
  const metadata = parts.identity.shared
  return {
    metadata: { ...metadata, annotations: { ...annotations, ...metadata.annotations } },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: parts.identity.names.shared, port: { name: "http" } } }
              }
            ]
          }
        }
      ]
    }
  }
}

/** A new version of the same number of replicas starts; the autoscaler changes it from there. */
const autoscaler = (parts: Parts): V2HorizontalPodAutoscaler => {
  const { cpuPercent = 80, max = 1, min = 1 } = parts.request.settings.autoscale ?? {}
  return {
    metadata: parts.identity.instance,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: parts.identity.names.instance },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpuPercent } } }
      ]
    }
  }
}

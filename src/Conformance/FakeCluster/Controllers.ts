/** The work of the controllers of a cluster, at once: pods of Deployments, addresses of Services. */
import * as Predicate from "effect/Predicate"
import type { Resource } from "../../Kubernetes/Client/Resources.js"
import { objectOf } from "./Fields.js"
import { type FakeObject, type FakePod, keyOf, type World } from "./Model.js"

/** Does what follows from a change of an object. */
export const settle = (world: World, object: FakeObject, now: number): void => {
  if (object.reference.type.kind === "Deployment") settlePods(world, object, now)
  if (object.reference.type.kind === "Service") settleAddress(world, object)
}

/** Removes an object, unless a finalizer holds it, and the pods of a Deployment. */
export const discard = (world: World, object: FakeObject, now: number): void => {
  const key = keyOf(object.reference)
  for (const [name, pod] of world.pods) if (pod.owner === key) world.pods.delete(name)
  if (object.finalizers.length > 0) object.deletedAt ??= now
  else world.objects.delete(key)
}

/** An object as the API returns it. */
export const view = (world: World, object: FakeObject): Resource => {
  const { metadata, ...fields } = objectOf(object.managers)
  const { annotations, labels } = metadataOf(metadata)
  return {
    ...merged(fields, object.assigned),
    ...(object.reference.type.kind === "Deployment" ? { status: statusOf(world, object) } : {}),
    metadata: {
      name: object.reference.name,
      namespace: object.reference.namespace,
      uid: object.uid,
      generation: object.generation,
      creationTimestamp: new Date(object.createdAt).toISOString(),
      ...(object.deletedAt === undefined ? {} : { deletionTimestamp: new Date(object.deletedAt).toISOString() }),
      finalizers: object.finalizers,
      labels,
      annotations
    }
  }
}

/** A pod as the API returns it. */
export const viewPod = (pod: FakePod): Resource => ({
  metadata: {
    name: pod.name,
    namespace: pod.namespace,
    uid: pod.uid,
    creationTimestamp: new Date(pod.createdAt).toISOString(),
    finalizers: [],
    labels: { ...pod.labels },
    annotations: { ...pod.annotations }
  },
  spec: {},
  status: podStatus(pod)
})

// internal

const record = (value: unknown): Record<string, unknown> => (Predicate.isRecord(value) ? { ...value } : {})

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(record(value)).map(([name, text]) => [name, String(text)]))

const metadataOf = (metadata: unknown) => {
  const { annotations, labels } = record(metadata)
  return { annotations: texts(annotations), labels: texts(labels) }
}

const merged = (one: Record<string, unknown>, other: Record<string, unknown>): Record<string, unknown> => ({
  ...one,
  ...other,
  ...(Predicate.isRecord(one["spec"]) || Predicate.isRecord(other["spec"])
    ? { spec: { ...record(one["spec"]), ...record(other["spec"]) } }
    : {})
})

const replicasOf = (object: FakeObject): number => {
  const { replicas } = record(objectOf(object.managers)["spec"])
  return typeof replicas === "number" ? replicas : 1
}

const settlePods = (world: World, object: FakeObject, now: number): void => {
  const spec = record(objectOf(object.managers)["spec"])
  const template = record(spec["template"])
  const containers = record(template["spec"])["containers"]
  const [first] = Array.isArray(containers) ? containers : []
  const image = String(record(first)["image"] ?? "")
  const behaviour = world.behaviour(image)
  const owner = keyOf(object.reference)
  for (const [name, pod] of world.pods) if (pod.owner === owner) world.pods.delete(name)
  const count = behaviour === "refused" ? 0 : replicasOf(object)
  for (let index = 0; index < count; index++) {
    const name = `${object.reference.name}-${(world.serial++).toString(36).padStart(5, "0")}`
    world.pods.set(name, {
      name,
      uid: `pod-${world.serial}`,
      namespace: object.reference.namespace,
      owner,
      labels: metadataOf(template["metadata"]).labels,
      annotations: {},
      behaviour,
      createdAt: now,
      lines: linesOf(behaviour).map((text) => ({ at: now, text }))
    })
  }
}

const linesOf = (behaviour: FakePod["behaviour"]): ReadonlyArray<string> => {
  switch (behaviour) {
    case "healthy":
    case "silent":
      return ["it listens", "it runs"]
    case "crashes":
      return ["it listens", "something went wrong"]
    default:
      return []
  }
}

/** An address is assigned once, and stays. */
const settleAddress = (world: World, object: FakeObject): void => {
  const spec = record(objectOf(object.managers)["spec"])
  const assigned = record(object.assigned["spec"])
  const clusterIP = assigned["clusterIP"] ?? addressOf(++world.serial)
  const ports = Array.isArray(spec["ports"]) ? spec["ports"] : []
  const nodePort = record(Array.isArray(assigned["ports"]) ? assigned["ports"][0] : undefined)["nodePort"]
  object.assigned = {
    spec: {
      clusterIP,
      ...(spec["type"] === "NodePort"
        ? { ports: ports.map((port) => ({ nodePort: nodePort ?? 30_000 + ++world.serial, ...record(port) })) }
        : {})
    }
  }
}

const addressOf = (serial: number): string => `10.96.${Math.floor(serial / 250)}.${1 + (serial % 250)}`

const statusOf = (world: World, object: FakeObject) => {
  const pods = Array.from(world.pods.values()).filter(({ owner }) => owner === keyOf(object.reference))
  const refused = pods.length === 0 && replicasOf(object) > 0
  return {
    observedGeneration: object.generation,
    updatedReplicas: pods.length,
    readyReplicas: pods.filter(({ behaviour }) => behaviour === "healthy").length,
    conditions: refused
      ? [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota: small" }]
      : []
  }
}

const podStatus = (pod: FakePod) => {
  const { behaviour, createdAt } = pod
  const container = (restartCount: number, ready: boolean, state: object, lastState: object = {}) => ({
    phase: "Running",
    conditions: [],
    containerStatuses: [{ name: "service", ready, restartCount, state, lastState }]
  })
  const startedAt = new Date(createdAt).toISOString()
  switch (behaviour) {
    case "healthy":
      return container(0, true, { running: { startedAt } })
    case "silent":
      return container(0, false, { running: { startedAt } })
    case "crashes":
      return container(
        1,
        false,
        { waiting: { reason: "CrashLoopBackOff" } },
        { terminated: { exitCode: 70, reason: "Error" } }
      )
    case "outOfMemory":
      return container(
        1,
        false,
        { waiting: { reason: "CrashLoopBackOff" } },
        { terminated: { exitCode: 137, reason: "OOMKilled" } }
      )
    case "unpullable":
      return {
        ...container(0, false, { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' } }),
        phase: "Pending"
      }
    case "unschedulable":
    case "refused":
      return {
        phase: "Pending",
        containerStatuses: [],
        conditions: [
          {
            type: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: "0/1 nodes are available: 1 Insufficient cpu.",
            lastTransitionTime: startedAt
          }
        ]
      }
  }
}

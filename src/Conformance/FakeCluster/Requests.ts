/** The client of a cluster that runs nothing. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import {
  ApiConflict,
  ApiRejected,
  ClusterUnreachable,
  describe,
  type KubernetesClient,
  type Reference,
  type Resource
} from "../../Kubernetes/KubernetesClient.js"
import { discard, settle, view, viewPod } from "./Controllers.js"
import { conflictsOf, type Fields, fieldsOf, own } from "./Fields.js"
import { type FakeObject, keyOf, objectsOf, type World } from "./Model.js"

/** The cluster of the fake, as its configuration names it. */
export const cluster = { server: "https://cluster.test:6443", context: "test", namespace: "default" }

/** A client of the world. */
export const client = (world: World): typeof KubernetesClient.Service => {
  const reached = <A, E>(operation: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E | ClusterUnreachable> =>
    Effect.suspend((): Effect.Effect<A, E | ClusterUnreachable> => {
      world.operations.push(operation)
      return world.reachable
        ? effect
        : new ClusterUnreachable({ operation, server: cluster.server, reason: "nothing listens there" })
    })
  return {
    cluster: Effect.succeed(cluster),
    now: Clock.currentTimeMillis,
    get: (reference) =>
      reached(
        `get ${describe(reference)}`,
        Effect.sync(() => find(world, reference))
      ),
    list: (type, namespace, labels = {}, fields = {}) =>
      reached(
        `list ${type.plural}`,
        Effect.sync(() => {
          if (type.kind === "Node") return [node]
          if (type.kind === "Event") return events(world, fields["involvedObject.name"])
          const all =
            type.kind === "Pod"
              ? Array.from(world.pods.values())
                  .filter((pod) => pod.namespace === namespace)
                  .map(viewPod)
              : objectsOf(world, type, namespace).map((object) => view(world, object))
          return all.filter(({ metadata }) =>
            Object.entries(labels).every(([name, value]) => metadata.labels[name] === value)
          )
        })
      ),
    apply: (reference, object, options) =>
      reached(
        `${options.dryRun === true ? "try" : "apply"} ${describe(reference)}`,
        Effect.flatMap(Clock.currentTimeMillis, (now) => applyTo(world, reference, object, options, now))
      ),
    remove: (reference, { uid } = {}) =>
      reached(
        `remove ${describe(reference)}`,
        Effect.map(Clock.currentTimeMillis, (now) => {
          if (reference.type.kind === "Pod") return void world.pods.delete(reference.name)
          const object = world.objects.get(keyOf(reference))
          if (object !== undefined && (uid === undefined || uid === object.uid)) discard(world, object, now)
        })
      ),
    logs: ({ name }, { since = 0, previous, tail }) =>
      Stream.suspend(() => {
        const pod = world.pods.get(name)
        // The lines of a pod that was restarted are those of the container before.
        if (pod === undefined || (previous !== true && restarts.has(pod.behaviour))) return Stream.empty
        const lines = pod.lines.filter(({ at }) => at >= since)
        return Stream.fromIterable(tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail)))
      }),
    changes: () => Stream.concat(Stream.succeed(undefined), Stream.never),
    missingRights: (_, rights) =>
      reached(
        "name the rights of its user",
        Effect.sync(() => rights.filter(({ type, verb }) => world.lacking.has(`${verb} ${type.plural}`)))
      )
  }
}

// internal

const restarts: ReadonlySet<string> = new Set(["crashes", "outOfMemory"])

const find = (world: World, reference: Reference): Option.Option<Resource> => {
  if (reference.type.kind === "Namespace") {
    const phase = world.namespaces.get(reference.name)
    return Option.map(Option.fromNullable(phase), (phase) => ({
      metadata: {
        name: reference.name,
        uid: `namespace-${reference.name}`,
        finalizers: [],
        labels: {},
        annotations: {}
      },
      status: { phase }
    }))
  }
  if (reference.type.kind === "Pod") return Option.map(Option.fromNullable(world.pods.get(reference.name)), viewPod)
  return Option.map(Option.fromNullable(world.objects.get(keyOf(reference))), (object) => view(world, object))
}

const node: Resource = {
  metadata: { name: "node-1", finalizers: [], labels: {}, annotations: {} },
  status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] }
}

/** The kubelet says in events why an image cannot be pulled. */
const events = (world: World, name: string | undefined): ReadonlyArray<Resource> =>
  name !== undefined && world.pods.get(name)?.behaviour === "unpullable"
    ? [
        {
          metadata: { name: `${name}.1`, finalizers: [], labels: {}, annotations: {} },
          reason: "Failed",
          message: 'Failed to pull image "x": the registry has no such image',
          involvedObject: { kind: "Pod", name }
        }
      ]
    : []

type Applying = Parameters<(typeof KubernetesClient.Service)["apply"]>

const applyTo = (
  world: World,
  reference: Reference,
  applied: Applying[1],
  { dryRun, force, manager }: Applying[2],
  now: number
): Effect.Effect<Resource, ApiConflict | ApiRejected> =>
  Effect.suspend((): Effect.Effect<Resource, ApiConflict | ApiRejected> => {
    const operation = `apply the ${reference.type.kind} ${reference.name}`
    const resource = describe(reference)
    const rejected = (status: number, reason: string) => new ApiRejected({ operation, resource, status, reason })
    if (!world.namespaces.has(reference.namespace)) {
      return rejected(404, `namespaces "${reference.namespace}" not found`)
    }
    if (reference.type.kind === "Pod")
      return annotatePod(world, reference, applied, () => rejected(422, "no containers"))
    const known = world.objects.get(keyOf(reference))
    const fields = fieldsOf(applied)
    if (dryRun === true) world.tried.push({ reference, object: applied })
    const conflicts = known === undefined || force === true ? [] : conflictsOf(known.managers, manager, fields)
    if (conflicts.length > 0) {
      return new ApiConflict({ operation, resource, conflicts, reason: "Apply failed with conflicts" })
    }
    if (dryRun === true) return Effect.succeed(tryOn(world, known ?? fresh(reference, "tried", now), manager, fields))
    const object = known ?? fresh(reference, `object-${++world.serial}`, now)
    const before = JSON.stringify(view(world, object)["spec"])
    own(object.managers, manager, fields)
    const isChanged = known === undefined || before !== JSON.stringify({ ...record(view(world, object)["spec"]) })
    if (isChanged) object.generation++
    world.objects.set(keyOf(reference), object)
    if (isChanged || reference.type.kind !== "Deployment") settle(world, object, now)
    return Effect.succeed(view(world, object))
  })

const record = (value: unknown): Record<string, unknown> => (Predicate.isRecord(value) ? value : {})

/** The object as it would be, without any effect on the cluster. Ids and addresses are those of a real change at another time. */
const tryOn = (world: World, object: FakeObject, manager: string, fields: Fields): Resource => {
  const copy = { ...object, managers: new Map(object.managers) }
  own(copy.managers, manager, fields)
  return view(world, copy)
}

const fresh = (reference: Reference, uid: string, createdAt: number): FakeObject => ({
  reference,
  uid,
  createdAt,
  managers: new Map(),
  assigned: {},
  generation: 0,
  finalizers: [],
  deletedAt: undefined
})

const annotatePod = (
  world: World,
  reference: Reference,
  applied: Applying[1],
  missing: () => ApiRejected
): Effect.Effect<Resource, ApiRejected> => {
  const pod = world.pods.get(reference.name)
  if (pod === undefined) return missing()
  for (const [name, value] of Object.entries(record(record(applied.metadata)["annotations"]))) {
    pod.annotations[name] = String(value)
  }
  return Effect.succeed(viewPod(pod))
}

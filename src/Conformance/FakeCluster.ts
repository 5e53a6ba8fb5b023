/**
 * A cluster that runs nothing: it answers as a real one was seen to answer, by the clock of the test, and tests can look at it
 * and disturb it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import type { Reference, Resource, ResourceType } from "../Kubernetes/Client/Resources.js"
import { KubernetesClient } from "../Kubernetes/KubernetesClient.js"
import { discard, view, viewPod } from "./FakeCluster/Controllers.js"
import { fieldsOf, own } from "./FakeCluster/Fields.js"
import { keyOf, makeWorld, objectsOf, type PodBehaviour, type Tried, type World } from "./FakeCluster/Model.js"
import { client } from "./FakeCluster/Requests.js"

export type { PodBehaviour, Tried } from "./FakeCluster/Model.js"

/**
 * The objects of the cluster, and switches for tests.
 *
 * @category services
 * @since 0.2.0
 */
export class FakeCluster extends Context.Tag("effect-deployers/Testing/FakeCluster")<
  FakeCluster,
  {
    /** The objects of a type in a namespace (default `default`). */
    readonly objects: (type: ResourceType, namespace?: string) => ReadonlyArray<Resource>
    /** All pods. */
    readonly pods: () => ReadonlyArray<Resource>
    /** The requests to the cluster, in order, such as `apply Service weather in the namespace default`. */
    readonly operations: ReadonlyArray<string>
    /** The objects of dry runs, in order. */
    readonly tried: ReadonlyArray<Tried>
    /** Sets the fate of pods that start from now on, by the reference of their image; default healthy. */
    readonly behave: (behaviour: (image: string) => PodBehaviour) => Effect.Effect<void>
    /** Creates a namespace, or lets it be deleted. */
    readonly setNamespace: (name: string, phase: "Active" | "Terminating") => Effect.Effect<void>
    /** Takes rights away, such as `create secrets`. */
    readonly lack: (...rights: ReadonlyArray<string>) => Effect.Effect<void>
    /** True if the API listens; default `true`. */
    readonly setReachable: (reachable: boolean) => Effect.Effect<void>
    /** Changes fields of an object, or creates it, as another manager, and takes them over. */
    readonly edit: (manager: string, reference: Reference, object: object) => Effect.Effect<void>
    /** Has a finalizer hold an object. */
    readonly hold: (reference: Reference, finalizer: string) => Effect.Effect<void>
    /** Has the controllers of all finalizers let an object go. */
    readonly release: (reference: Reference) => Effect.Effect<void>
    /** Removes an object from outside. */
    readonly remove: (reference: Reference) => Effect.Effect<void>
    /** Has a pod log a line at a time in milliseconds. */
    readonly print: (pod: string, at: number, text: string) => Effect.Effect<void>
    /** Has every pod of a Deployment end as it would with another behaviour. */
    readonly disturb: (reference: Reference, behaviour: PodBehaviour) => Effect.Effect<void>
  }
>() {}

/**
 * An empty cluster and its client.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<FakeCluster | KubernetesClient> = Layer.effectContext(
  Effect.sync(() => {
    const world = makeWorld()
    return Context.make(FakeCluster, controls(world)).pipe(Context.add(KubernetesClient, client(world)))
  })
)

// internal

const controls = (world: World): typeof FakeCluster.Service => ({
  objects: (type, namespace = "default") => objectsOf(world, type, namespace).map((object) => view(world, object)),
  pods: () => Array.from(world.pods.values(), viewPod),
  operations: world.operations,
  tried: world.tried,
  behave: (behaviour) =>
    Effect.sync(() => {
      world.behaviour = behaviour
    }),
  setNamespace: (name, phase) => Effect.sync(() => void world.namespaces.set(name, phase)),
  lack: (...rights) => Effect.sync(() => rights.forEach((right) => void world.lacking.add(right))),
  setReachable: (reachable) =>
    Effect.sync(() => {
      world.reachable = reachable
    }),
  edit: (manager, reference, object) =>
    Effect.gen(function* () {
      yield* Effect.orDie(client(world).apply(reference, object, { manager, force: true }))
      const known = world.objects.get(keyOf(reference))
      if (known !== undefined) own(known.managers, manager, fieldsOf(object))
    }),
  hold: (reference, finalizer) =>
    Effect.sync(() => void world.objects.get(keyOf(reference))?.finalizers.push(finalizer)),
  release: (reference) =>
    Effect.sync(() => {
      const object = world.objects.get(keyOf(reference))
      if (object === undefined) return
      object.finalizers = []
      if (object.deletedAt !== undefined) discard(world, object, object.deletedAt)
    }),
  remove: (reference) =>
    Effect.sync(() => {
      const object = world.objects.get(keyOf(reference))
      if (object !== undefined) discard(world, object, 0)
    }),
  print: (pod, at, text) => Effect.sync(() => void world.pods.get(pod)?.lines.push({ at, text })),
  disturb: (reference, behaviour) =>
    Effect.sync(() => {
      for (const [name, pod] of world.pods) {
        if (pod.owner === keyOf(reference)) world.pods.set(name, { ...pod, behaviour })
      }
    })
})

/** The objects of a cluster that runs nothing. */

import { pathOf } from "../../Kubernetes/Client/Paths.js"
import type { Reference, ResourceType } from "../../Kubernetes/Client/Resources.js"
import type { Managers } from "./Fields.js"

/**
 * The fate of the pods of an image.
 *
 * @category models
 * @since 0.2.0
 */
export type PodBehaviour =
  | "healthy"
  /** It runs and is never ready. */
  | "silent"
  /** It ends with exit code 70, again and again. */
  | "crashes"
  /** The kernel kills it for its memory. */
  | "outOfMemory"
  | "unpullable"
  /** No node has room. */
  | "unschedulable"
  /** A quota refuses its pods. */
  | "refused"

/**
 * An object of a dry run.
 *
 * @category models
 * @since 0.2.0
 */
export interface Tried {
  readonly reference: Reference
  readonly object: object
}

/** One object, and the fields of its managers. */
export interface FakeObject {
  readonly reference: Reference
  readonly uid: string
  readonly createdAt: number
  readonly managers: Managers
  /** Fields that the cluster sets, such as an address. */
  assigned: Record<string, unknown>
  generation: number
  finalizers: Array<string>
  deletedAt: number | undefined
}

/** One pod of a Deployment. */
export interface FakePod {
  readonly name: string
  readonly uid: string
  readonly namespace: string
  /** The path of its Deployment. */
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  annotations: Record<string, string>
  readonly behaviour: PodBehaviour
  readonly createdAt: number
  readonly lines: Array<{ readonly at: number; readonly text: string }>
}

/** Everything of the cluster. */
export interface World {
  readonly namespaces: Map<string, "Active" | "Terminating">
  readonly objects: Map<string, FakeObject>
  readonly pods: Map<string, FakePod>
  /** The rights that the user lacks: `verb plural`. */
  readonly lacking: Set<string>
  /** The requests in order, such as `apply Service weather`. */
  readonly operations: Array<string>
  readonly tried: Array<Tried>
  behaviour: (image: string) => PodBehaviour
  reachable: boolean
  serial: number
}

/** The key of an object. */
export const keyOf = (reference: Reference): string => pathOf(reference)

/** An empty cluster with the namespace `default`. */
export const makeWorld = (): World => ({
  namespaces: new Map([["default", "Active"]]),
  objects: new Map(),
  pods: new Map(),
  lacking: new Set(),
  operations: [],
  tried: [],
  behaviour: () => "healthy",
  reachable: true,
  serial: 0
})

/** The objects of a type in a namespace. */
export const objectsOf = (world: World, type: ResourceType, namespace: string): ReadonlyArray<FakeObject> =>
  Array.from(world.objects.values()).filter(
    ({ reference }) => reference.type.kind === type.kind && reference.namespace === namespace
  )

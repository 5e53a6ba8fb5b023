/** Everything that determines the objects of a generation. */
import type { ProvisionRequest } from "../../Flavor/Instance.js"
import type { PodImage } from "../Metadata.js"
import type { KubernetesSettings } from "../Settings.js"

/** A request to this backend. */
export type Request = ProvisionRequest<KubernetesSettings>

/** The part of a request that is in the content of objects. */
export type Described = Omit<Request, "record" | "previous" | "registryId">

/** The labels and the annotations of an object. */
export interface ObjectMetadata {
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
}

/** The names of the objects, and the labels by which they are found. */
export interface Identity {
  readonly names: {
    /** The Service, the PodDisruptionBudget, the NetworkPolicy and the Ingress. */
    readonly shared: string
    /** The Deployment and its autoscaler. */
    readonly instance: string
    readonly intake: string
    readonly secret: string
    /** The ConfigMap with the manifest; `undefined` if the Secret has it. */
    readonly manifest: string | undefined
  }
  /** The metadata of an object of all generations. */
  readonly shared: ObjectMetadata
  /** The metadata of an object of one generation. */
  readonly instance: ObjectMetadata
  readonly pod: ObjectMetadata
  /** The labels of the pods of all generations, and of one. */
  readonly selectors: { readonly all: Record<string, string>; readonly instance: Record<string, string> }
}

/** A request and the parts that are not in it. */
export interface Parts {
  readonly request: Described
  readonly identity: Identity
  /** Without an entry point, pods start that of the image itself. */
  readonly image: PodImage
  /** The replicas of a generation that starts beside another one, with an autoscaler. */
  readonly startReplicas: number
}

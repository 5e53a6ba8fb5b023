/** Everything that determines the objects of a generation. */
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import * as Labels from "../Labels.js"
import type { KubernetesSettings } from "../Settings.js"

/** A request to this backend. */
export type Request = ProvisionRequest<KubernetesSettings>

/** The image of a generation. */
export interface PodImage {
  /** The reference that nodes pull, with its digest. */
  readonly reference: string
  readonly entrypoint: ReadonlyArray<string>
}

/** A request and the parts that are not in it. */
export interface Parts {
  readonly request: Request
  /** The name of the deployer. */
  readonly deployer: string
  readonly image: PodImage
  /** The replicas of a generation that starts beside another one, with an autoscaler. */
  readonly startReplicas: number
}

/** The metadata of an object of all generations. */
export const sharedMetadata = ({ deployer, request }: Pick<Parts, "deployer" | "request">) => ({
  labels: { ...Labels.recommended(request.name), ...Labels.ofDeployment(request) },
  annotations: Labels.annotationsOf(request, deployer)
})

/** The metadata of an object of one generation. */
export const instanceMetadata = ({ deployer, request }: Pick<Parts, "deployer" | "request">) => ({
  labels: { ...Labels.recommended(request.name), ...Labels.ofInstance(request) },
  annotations: Labels.annotationsOf(request, deployer)
})

/** The names and labels of the resources of a deployment in a swarm, which takes names of 63 characters at most. */
import type { Service } from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"

/** The service of a deployment. */
export const serviceName = (deploymentId: string): string => Labels.networkName(deploymentId)

/** The door of a deployment at a port. */
export const doorName = (deploymentId: string, port: number): string => `${serviceName(deploymentId)}-d${port}`

/** A secret or a config of one generation. `nonce` makes every one new, because none can change. */
export const objectName = (deploymentId: string, generation: number, nonce: string): string =>
  `effect-deployers-${deploymentId.replaceAll("-", "")}-${generation}-${nonce}`.slice(0, 64)

/** The label with the generation that the registry has accepted, at the service. */
export const acceptedKey = "effect-deployers.accepted"

/** The label with the place of the run store: `volume` on one node, or `shared`. */
export const runsKey = "effect-deployers.runs"

/** The label with the host of the URL, if the settings have one. */
export const addressKey = "effect-deployers.address"

/** The generation that a service runs, or changes to; 0 for a service without a valid label. */
export const generationOf = ({ labels }: Pick<Service, "labels">): number =>
  numberAt(labels, Labels.keys.generation) ?? 0

/** The generation of the service before its last change. */
export const previousOf = ({ previousLabels }: Service): number | undefined =>
  previousLabels === undefined ? undefined : numberAt(previousLabels, Labels.keys.generation)

/** The generation that the registry has accepted; none before the first one. */
export const acceptedOf = ({ labels }: Service): number | undefined => numberAt(labels, acceptedKey)

/** True for a door. */
export const isDoor = ({ labels }: Service): boolean => labels[Labels.keys.role] === Labels.doorRole[Labels.keys.role]

/** The port of a door or of the mesh. */
export const portOf = ({ ports }: Service): number | undefined => ports.find(({ host }) => host !== undefined)?.host

// internal

const numberAt = (labels: Labels.Labels, key: string): number | undefined => {
  const text = labels[key] ?? ""
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

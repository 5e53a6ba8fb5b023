/** The URLs of an instance and of its deployment. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../../Flavor/Instance.js"
import { urlOf } from "../../Flavor/Ports.js"
import { NodeObject, ServiceObject } from "../Client/Resources.js"
import { KubernetesClient, type QueryError, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import { at, type Place } from "./Place.js"

/** The URL of an instance for its health check, and that of the deployment for callers. */
export interface Urls {
  readonly url: string
  readonly publicUrl: string
}

/** The URLs of an instance, or the reason why there are none. */
export const urlsOf = (
  instance: Instance,
  place: Place
): Effect.Effect<Urls | { readonly reason: string }, QueryError, KubernetesClient> =>
  Effect.gen(function* () {
    const { instance: own, shared } = Labels.names(instance)
    const ofInstance = yield* service(place, own)
    const ofDeployment = yield* service(place, shared)
    if (Option.isNone(ofInstance)) return { reason: `its Service ${own} does not exist` }
    if (Option.isNone(ofDeployment)) return { reason: `its Service ${shared} does not exist` }
    const { annotations } = ofInstance.value.metadata
    const url = yield* addressOf(ofInstance.value, annotations[Labels.annotations.address])
    const publicUrl =
      annotations[Labels.annotations.url] ??
      (yield* addressOf(ofDeployment.value, annotations[Labels.annotations.address]))
    return url === undefined || publicUrl === undefined
      ? { reason: "no node has an address for its port" }
      : { url, publicUrl }
  })

// internal

const decodeService = Schema.decodeUnknownOption(ServiceObject)
const decodeNode = Schema.decodeUnknownOption(NodeObject)

const service = (place: Place, name: string) =>
  Effect.flatMap(KubernetesClient, ({ get }) =>
    Effect.map(get(at(place, types.services, name)), Option.flatMap(decodeService))
  )

const addressOf = ({ spec }: ServiceObject, address: string | undefined) =>
  Effect.gen(function* () {
    const [port] = spec.ports
    if (port === undefined) return undefined
    if (spec.type !== "NodePort" || port.nodePort === undefined) {
      return spec.clusterIP === undefined ? undefined : urlOf(spec.clusterIP, port.port)
    }
    const host = address ?? (yield* nodeAddress)
    return host === undefined ? undefined : urlOf(host, port.nodePort)
  })

/** The address of the first node, in the order of their names, so that it stays the same. */
const nodeAddress = Effect.gen(function* () {
  const { list } = yield* KubernetesClient
  const nodes = (yield* list(types.nodes, "")).flatMap((node) => Option.toArray(decodeNode(node)))
  const addresses = nodes
    .sort((one, other) => one.metadata.name.localeCompare(other.metadata.name))
    .flatMap(({ status }) => status.addresses)
  return (addresses.find(({ type }) => type === "ExternalIP") ?? addresses.find(({ type }) => type === "InternalIP"))
    ?.address
})

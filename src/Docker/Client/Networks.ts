/** Operations on networks. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Networks } from "./Contract.js"
import { parse } from "./Decoders.js"
import { type EngineRequests, filters, isOk, read } from "./EngineRequests.js"
import { NameConflict, NetworkInUse, NetworkNotFound, SpecRejected } from "./Errors.js"
import { reasonOf } from "./Failure.js"
import { InspectedNetwork, toNetwork } from "./ResourceDecoders.js"
import type { Request } from "./Transport.js"

export const make = (kit: EngineRequests): Networks => ({
  create: createWith(kit),
  inspect: inspectWith(kit),
  list: (labels) =>
    Effect.map(
      read(
        kit,
        { operation: "list networks", method: "GET", path: "/networks", query: { filters: filters(labels) } },
        Schema.Array(InspectedNetwork)
      ),
      (listed) => listed.map(toNetwork)
    ),
  remove: removeWith(kit)
})

const at = (network: string): string => `/networks/${encodeURIComponent(network)}`

const inspectWith =
  (kit: EngineRequests): Networks["inspect"] =>
  (network) =>
    Effect.map(
      read(
        kit,
        { operation: "inspect a network", resource: network, method: "GET", path: at(network) },
        InspectedNetwork,
        () => new NetworkNotFound({ network })
      ),
      toNetwork
    )

const created = parse(Schema.Struct({ Id: Schema.String }), "create a network")

const createWith =
  (kit: EngineRequests): Networks["create"] =>
  (spec) => {
    const request: Request = {
      operation: "create a network",
      resource: spec.name,
      method: "POST",
      path: "/networks/create",
      body: {
        Name: spec.name,
        CheckDuplicate: true,
        Driver: spec.driver ?? "bridge",
        Internal: spec.internal ?? false,
        Labels: spec.labels,
        Options: spec.options ?? {}
      }
    }
    return Effect.gen(function* () {
      const answer = yield* kit.change(request)
      if (isOk(answer)) return (yield* created(answer)).Id
      if (answer.status === 400) return yield* rejected(request.operation, answer.text)
      if (answer.status !== 409) return yield* kit.unexpected(request, answer)
      const owner = yield* Effect.option(inspectWith(kit)(spec.name))
      const ownerId = owner._tag === "Some" ? { ownerId: owner.value.id } : {}
      return yield* new NameConflict({ kind: "network", name: spec.name, ...ownerId })
    })
  }

const rejected = (operation: string, text: string) => new SpecRejected({ operation, reason: reasonOf(text) })

/** A network in use is a 403 to older engines, a 409 to newer ones, neither of which is about permissions. */
const removeWith =
  (kit: EngineRequests): Networks["remove"] =>
  (network) => {
    const request: Request = {
      operation: "remove a network",
      resource: network,
      method: "DELETE",
      path: at(network)
    }
    return Effect.gen(function* () {
      const answer = yield* kit.change(request)
      if (isOk(answer) || answer.status === 404) return
      if (answer.status !== 403 && answer.status !== 409) return yield* kit.unexpected(request, answer)
      const found = yield* Effect.option(inspectWith(kit)(network))
      const inUse = found._tag === "Some" && found.value.containers.length > 0
      return yield* inUse ? new NetworkInUse({ network }) : kit.unexpected(request, answer)
    })
  }

/** Operations on networks. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Networks } from "./Contract.js"
import { Created } from "./Decoders.js"
import { command, create, type EngineRequests, filters, read } from "./EngineRequests.js"
import {
  type EngineError,
  type EngineRefused,
  NameConflict,
  NetworkInUse,
  NetworkNotFound,
  SpecRejected
} from "./Errors.js"
import { Network, toNetwork } from "./ResourceDecoders.js"
import type { Request } from "./Transport.js"

export const make = (engine: EngineRequests): Networks => {
  const inspect: Networks["inspect"] = (network) =>
    Effect.map(
      read(engine, { operation: "inspect a network", resource: network, method: "GET", path: at(network) }, Network, {
        404: () => new NetworkNotFound({ network })
      }),
      toNetwork
    )
  return {
    create: createWith(engine, inspect),
    inspect,
    list: (labels) =>
      Effect.map(
        read(
          engine,
          { operation: "list networks", method: "GET", path: "/networks", query: { filters: filters(labels) } },
          Schema.Array(Network)
        ),
        (listed) => listed.map(toNetwork)
      ),
    remove: removeWith(engine, inspect)
  }
}

const at = (network: string): string => `/networks/${encodeURIComponent(network)}`

const createWith =
  (engine: EngineRequests, inspect: Networks["inspect"]): Networks["create"] =>
  (spec) => {
    const operation = "create a network"
    const request: Request = {
      operation,
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
    const conflict = Effect.flatMap(Effect.option(inspect(spec.name)), (owner) => {
      const ownerId = Option.map(owner, ({ id }) => ({ ownerId: id }))
      return new NameConflict({ kind: "network", name: spec.name, ...Option.getOrUndefined(ownerId) })
    })
    return Effect.map(
      create(engine, request, Created, {
        400: (reason): Effect.Effect<never, SpecRejected | NameConflict> => new SpecRejected({ operation, reason }),
        409: () => conflict
      }),
      ({ Id }) => Id
    )
  }

/** A network in use is a 403 to older engines and a 409 to newer ones; neither is about permissions. */
const removeWith =
  (engine: EngineRequests, inspect: Networks["inspect"]): Networks["remove"] =>
  (network) => {
    const request: Request = {
      operation: "remove a network",
      resource: network,
      method: "DELETE",
      path: at(network)
    }
    const inUse = (_: string, otherwise: Effect.Effect<never, EngineError | EngineRefused>) =>
      Effect.flatMap(
        Effect.option(inspect(network)),
        (found): Effect.Effect<never, NetworkInUse | EngineError | EngineRefused> =>
          Option.exists(found, ({ containers }) => containers.length > 0) ? new NetworkInUse({ network }) : otherwise
      )
    return command(engine, request, { 403: inUse, 409: inUse }, [404])
  }

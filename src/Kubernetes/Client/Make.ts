/** Wires a client. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { KubernetesClient } from "../KubernetesClient.js"
import { connect, type Options } from "./Configuration.js"
import type { QueryError } from "./Errors.js"
import { logs } from "./Logs.js"
import { pathOf, pathOfType, selectorOf } from "./Paths.js"
import { describe, Resource } from "./Resources.js"
import { changeFailureOf, failureOf, isSuccess, read } from "./Responses.js"
import { missingRights } from "./Rights.js"
import * as Transport from "./Transport.js"
import { changes } from "./Watch.js"

/** A client of the cluster that the options name. It connects with the first request. */
export const make = (options: Options): Effect.Effect<typeof KubernetesClient.Service> =>
  Effect.gen(function* () {
    const transport = yield* Transport.make(connect(options), options.deadlineMillis ?? 10_000)
    const server = Effect.map(transport.connection, ({ cluster }) => cluster.server)
    const failed = (request: Transport.Request, response: Transport.ApiResponse) =>
      Effect.flatMap(server, (address) => Effect.fail(failureOf(address, request, response)))
    const query = (request: Transport.Request): Effect.Effect<Transport.ApiResponse, QueryError> =>
      Effect.catchTag(transport.send(request), "OutcomeUnknown", Effect.die)
    const asked: Query = <A, I>(schema: Schema.Schema<A, I>, request: Transport.Request) =>
      Effect.flatMap(query(request), (response) =>
        isSuccess(response) ? read(schema, request, response) : failed(request, response)
      )
    const list: (typeof KubernetesClient.Service)["list"] = (type, namespace, labels = {}, fields = {}) => {
      const resource = `${type.plural} of the namespace ${namespace}`
      const filters = { labelSelector: selectorOf(labels), fieldSelector: selectorOf(fields) }
      const path = pathOfType(type, namespace)
      const request = { operation: `list ${type.plural}`, resource, method: "GET", path, query: filters } as const
      return Effect.map(asked(List, request), ({ items }) => items)
    }
    return {
      cluster: Effect.map(transport.connection, ({ cluster }) => cluster),
      now: Effect.zipWith(Clock.currentTimeMillis, transport.clockOffset, (here, offset) => here + offset),
      list,
      get: (reference) => {
        const operation = `read the ${reference.type.kind} ${reference.name}`
        const request = { operation, resource: describe(reference), method: "GET", path: pathOf(reference) } as const
        return Effect.flatMap(query(request), (response) => {
          if (response.status === 404) return Effect.succeedNone
          return isSuccess(response) ? Effect.asSome(read(Resource, request, response)) : failed(request, response)
        })
      },
      apply: (reference, object, { dryRun, force, manager }) => {
        const request = {
          operation: `apply the ${reference.type.kind} ${reference.name}`,
          resource: describe(reference),
          method: "PATCH",
          path: pathOf(reference),
          query: { fieldManager: manager, force: force === true, dryRun: dryRun === true ? "All" : undefined },
          body: {
            ...object,
            apiVersion: reference.type.apiVersion,
            kind: reference.type.kind,
            metadata: { ...object.metadata, name: reference.name, ...inNamespace(reference.namespace) }
          },
          contentType: "application/apply-patch+yaml"
        } as const
        return Effect.gen(function* () {
          const response = yield* transport.send(request)
          if (isSuccess(response)) return yield* read(Resource, request, response)
          return yield* response.status >= 500
            ? new OutcomeUnknown({ operation: request.operation, resource: request.resource })
            : Effect.flatMap(server, (address) => Effect.fail(changeFailureOf(address, request, response)))
        })
      },
      remove: (reference, { graceSeconds, propagation = "background", uid } = {}) => {
        const request = {
          operation: `remove the ${reference.type.kind} ${reference.name}`,
          resource: describe(reference),
          method: "DELETE",
          path: pathOf(reference),
          body: {
            propagationPolicy: propagation === "foreground" ? "Foreground" : "Background",
            ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
            ...(uid === undefined ? {} : { preconditions: { uid } })
          }
        } as const
        return Effect.flatMap(transport.send(request), (response) => {
          const isGone = response.status === 404 || (response.status === 409 && uid !== undefined)
          if (isSuccess(response) || isGone) return Effect.void
          return Effect.flatMap(server, (address) => Effect.fail(changeFailureOf(address, request, response)))
        })
      },
      logs: logs(transport, failed),
      changes: changes(transport),
      missingRights: missingRights(asked)
    }
  })

/** Sends a query and reads its response. */
export type Query = <A, I>(schema: Schema.Schema<A, I>, request: Transport.Request) => Effect.Effect<A, QueryError>

// internal

const List = Schema.Struct({
  items: Schema.optionalWith(Schema.Array(Resource), { default: () => [], nullable: true })
})

const inNamespace = (namespace: string) => (namespace === "" ? {} : { namespace })

/** Operations on services of a swarm. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readBy } from "../../Internal/Lines.js"
import type { ContainerLogLine } from "./Container.js"
import { command, create, type EngineRequests, filters, isOk, openBody, read } from "./EngineRequests.js"
import { NameConflict, SpecRejected } from "./Errors.js"
import { reasonOf } from "./Failure.js"
import { makeFrameReader } from "./Frames.js"
import * as Logs from "./LogQuery.js"
import { changed, serviceBody } from "./ServiceSpecs.js"
import type { Services, TaskLogLine } from "./SwarmContract.js"
import { CreatedInSwarm, InspectedService, SpecOf, toService } from "./SwarmDecoders.js"
import { ServiceNotFound, UpdateOutOfSequence } from "./SwarmErrors.js"
import type { Request } from "./Transport.js"

export const make = (engine: EngineRequests): Services => {
  const inspect = inspectWith(engine)
  return {
    create: createWith(engine, inspect),
    inspect,
    list: (labels) =>
      Effect.map(
        read(
          engine,
          { operation: "list services", method: "GET", path: "/services", query: { filters: filters(labels) } },
          Schema.Array(InspectedService)
        ),
        (listed) => listed.map(toService)
      ),
    update: updateWith(engine, inspect),
    remove: (service) =>
      command(
        engine,
        { operation: "remove a service", resource: service, method: "DELETE", path: at(service) },
        {},
        [404]
      ),
    logs: (service, options = {}) =>
      Stream.unwrapScoped(
        Effect.map(
          openBody(
            engine,
            {
              operation: "read the log of a service",
              resource: service,
              method: "GET",
              path: at(service, "/logs"),
              query: { ...Logs.query(options), details: true }
            },
            { 404: () => new ServiceNotFound({ service }) }
          ),
          (body) =>
            Stream.filterMap(
              readBy(body, () => makeFrameReader(true)),
              withTask
            )
        )
      )
  }
}

// internal

const at = (service: string, action = ""): string => `/services/${encodeURIComponent(service)}${action}`

const inspectWith =
  (engine: EngineRequests): Services["inspect"] =>
  (service) =>
    Effect.map(
      read(
        engine,
        { operation: "inspect a service", resource: service, method: "GET", path: at(service) },
        InspectedService,
        { 404: () => new ServiceNotFound({ service }) }
      ),
      toService
    )

const createWith =
  (engine: EngineRequests, inspect: Services["inspect"]): Services["create"] =>
  (spec) => {
    const operation = "create a service"
    const request: Request = {
      operation,
      resource: spec.name,
      method: "POST",
      path: "/services/create",
      body: serviceBody(spec)
    }
    const conflict = Effect.flatMap(Effect.option(inspect(spec.name)), (owner) => {
      const ownerId = Option.map(owner, ({ id }) => ({ ownerId: id }))
      return new NameConflict({ kind: "service", name: spec.name, ...Option.getOrUndefined(ownerId) })
    })
    return Effect.map(
      create(engine, request, CreatedInSwarm, {
        400: (reason): Effect.Effect<never, SpecRejected | NameConflict> => new SpecRejected({ operation, reason }),
        409: () => conflict
      }),
      ({ ID }) => ID
    )
  }

/** An engine answers a change of another version with an error of its own; the version of the service shows the reason. */
const updateWith =
  (engine: EngineRequests, inspect: Services["inspect"]): Services["update"] =>
  (service, change) =>
    Effect.gen(function* () {
      const operation = "update a service"
      const { Spec } = yield* Effect.orDie(Schema.decodeUnknown(SpecOf)(service.raw))
      const request: Request = {
        operation,
        resource: service.name,
        method: "POST",
        path: at(service.id, "/update"),
        query: { version: service.version, rollback: change._tag === "Rollback" ? "previous" : undefined },
        body: changed(Spec)(change)
      }
      const answer = yield* engine.change(request)
      if (isOk(answer)) return
      if (answer.status === 404) return yield* new ServiceNotFound({ service: service.name })
      if (answer.status === 400) return yield* new SpecRejected({ operation, reason: reasonOf(answer.text) })
      const now = yield* inspect(service.id)
      return yield* now.version === service.version
        ? engine.unexpected(request, answer)
        : new UpdateOutOfSequence({ service: service.name })
    })

/** A line begins with what the engine knows of its task: `com.docker.swarm.task.id=ID,... TEXT`. */
const withTask = ({ text, ...line }: ContainerLogLine): Option.Option<TaskLogLine> => {
  const space = text.indexOf(" ")
  const [details, rest] = space < 0 ? [text, ""] : [text.slice(0, space), text.slice(space + 1)]
  const taskId = /(?:^|,)com\.docker\.swarm\.task\.id=([^,]+)/.exec(details)?.[1]
  return taskId === undefined ? Option.none() : Option.some({ ...line, text: rest, taskId })
}

/** Operations on containers. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Verdict } from "../../Flavor/Ports.js"
import { readBy } from "../../Internal/Lines.js"
import type { Container, ContainerLogsOptions } from "./Container.js"
import { InspectedContainer, ListedContainer, toContainer, toSummary } from "./ContainerDecoders.js"
import type { Archive, Containers, CreateError } from "./Contract.js"
import { Count, Created } from "./Decoders.js"
import { command, create, type EngineRequests, filters, isOk, openBody, read, uploading } from "./EngineRequests.js"
import {
  ArchiveRejected,
  ContainerNotFound,
  ContainerNotRunning,
  ContainerRunning,
  ImageUnavailable,
  NameConflict,
  SpecRejected
} from "./Errors.js"
import { reasonOf } from "./Failure.js"
import { makeFrameReader, makeTerminalReader } from "./Frames.js"
import * as Logs from "./LogQuery.js"
import { containerBody, wholeSeconds } from "./Specs.js"
import { diagnose, neverRan } from "./StartContainer.js"
import type { EngineResponse, Request } from "./Transport.js"

export const make = (
  engine: EngineRequests,
  probe: (address: string, port: number) => Effect.Effect<Verdict>
): Containers => {
  const inspect = inspectWith(engine)
  const signal = (operation: string, container: string, action: string, query: Request["query"] = {}) =>
    command(
      engine,
      { operation, resource: container, method: "POST", path: at(container, action), query },
      {
        404: (): Effect.Effect<never, ContainerNotFound | ContainerNotRunning> => new ContainerNotFound({ container }),
        409: () => new ContainerNotRunning({ container })
      }
    )
  return {
    create: createWith(engine, inspect),
    start: startWith(engine, inspect, probe),
    stop: stopWith(engine, inspect),
    kill: (container, name = "SIGKILL") => signal("kill a container", container, "kill", { signal: name }),
    pause: (container) => signal("pause a container", container, "pause"),
    unpause: (container) => signal("unpause a container", container, "unpause"),
    remove: removeWith(engine, inspect),
    inspect,
    list: (labels) => {
      const query = { all: true, filters: filters(labels) }
      return Effect.map(
        read(
          engine,
          { operation: "list containers", method: "GET", path: "/containers/json", query },
          Schema.Array(ListedContainer)
        ),
        (listed) => listed.map(toSummary)
      )
    },
    wait: waitWith(engine),
    logs: logsWith(engine, inspect),
    putArchive: putArchiveWith(engine, inspect)
  }
}

const at = (container: string, action: string): string => `/containers/${encodeURIComponent(container)}/${action}`

const notFound = (container: string) => ({ 404: () => new ContainerNotFound({ container }) })

const inspectWith =
  (engine: EngineRequests): Containers["inspect"] =>
  (container) =>
    Effect.map(
      read(
        engine,
        { operation: "inspect a container", resource: container, method: "GET", path: at(container, "json") },
        InspectedContainer,
        notFound(container)
      ),
      toContainer
    )

const createWith =
  (engine: EngineRequests, inspect: Containers["inspect"]): Containers["create"] =>
  (spec) => {
    const operation = "create a container"
    const { image, name = "", platform } = spec
    const request: Request = {
      operation,
      resource: spec.name ?? image,
      method: "POST",
      path: "/containers/create",
      query: { name: spec.name, platform },
      body: containerBody(spec)
    }
    const conflict = Effect.flatMap(Effect.option(inspect(name)), (owner) => {
      const ownerId = Option.map(owner, ({ id }) => ({ ownerId: id }))
      return new NameConflict({ kind: "container", name, ...Option.getOrUndefined(ownerId) })
    })
    return Effect.map(
      create(engine, request, Created, {
        400: (reason): Effect.Effect<never, CreateError> => new SpecRejected({ operation, reason }),
        404: (reason) => new ImageUnavailable({ image, reason }),
        409: () => conflict
      }),
      ({ Id }) => Id
    )
  }

const startWith =
  (
    engine: EngineRequests,
    inspect: Containers["inspect"],
    probe: (address: string, port: number) => Effect.Effect<Verdict>
  ): Containers["start"] =>
  (container) => {
    const request: Request = {
      operation: "start a container",
      resource: container,
      method: "POST",
      path: at(container, "start")
    }
    return Effect.flatMap(engine.change(request), (answer) =>
      isOk(answer) || answer.status === 304
        ? Effect.void
        : Effect.gen(function* () {
            const found = yield* look(inspect, container)
            const otherwise = yield* Effect.flip(engine.unexpected(request, answer))
            return yield* diagnose(container, answer, { found, probe, otherwise })
          })
    ).pipe(
      // A port that was taken may be free by the time of the diagnosis.
      Effect.retry({ times: 1, while: (error) => error._tag === "StartRejected" && error.exitCode === neverRan })
    )
  }

const look = (inspect: Containers["inspect"], container: string): Effect.Effect<Container | "none" | "unknown"> =>
  Effect.catchAll(inspect(container), (error) =>
    Effect.succeed(error._tag === "ContainerNotFound" ? ("none" as const) : ("unknown" as const))
  )

/** The deadline of the answer starts after the grace of the container. */
const stopWith =
  (engine: EngineRequests, inspect: Containers["inspect"]): Containers["stop"] =>
  (container, { grace } = {}) =>
    Effect.gen(function* () {
      const seconds = grace === undefined ? undefined : wholeSeconds(grace)
      const allowed = seconds ?? (yield* ownGrace(inspect, container))
      const request: Request = {
        operation: "stop a container",
        resource: container,
        method: "POST",
        path: at(container, "stop"),
        query: { t: seconds },
        deadline: Duration.seconds(allowed + 30)
      }
      const answer = yield* engine.change(request)
      if (!isOk(answer) && answer.status !== 304 && answer.status !== 404)
        return yield* engine.unexpected(request, answer)
    })

const StopTimeout = Schema.Struct({ Config: Schema.Struct({ StopTimeout: Schema.Number }) })
const decodeStopTimeout = Schema.decodeUnknown(StopTimeout)

/** The engine's own default is 10 seconds. */
const ownGrace = (inspect: Containers["inspect"], container: string): Effect.Effect<number> =>
  inspect(container).pipe(
    Effect.flatMap(({ raw }) => decodeStopTimeout(raw)),
    Effect.match({ onFailure: () => 10, onSuccess: ({ Config }) => Config.StopTimeout })
  )

const removeWith =
  (engine: EngineRequests, inspect: Containers["inspect"]): Containers["remove"] =>
  (container, { force = false, volumes = true } = {}) => {
    const request: Request = {
      operation: "remove a container",
      resource: container,
      method: "DELETE",
      path: `/containers/${encodeURIComponent(container)}`,
      query: { force, v: volumes }
    }
    const attempt = Effect.gen(function* () {
      const answer = yield* engine.change(request)
      if (isOk(answer) || answer.status === 404) return "gone" as const
      if (answer.status !== 409) return yield* engine.unexpected(request, answer)
      const found = yield* look(inspect, container)
      if (!force && typeof found === "object" && holdsOn.has(found.state.status)) {
        return yield* new ContainerRunning({ container })
      }
      return found === "none" ? ("gone" as const) : answer
    })
    return attempt.pipe(
      Effect.repeat(
        Schedule.identity<"gone" | EngineResponse>().pipe(
          Schedule.untilInput((outcome) => outcome === "gone"),
          Schedule.zipLeft(removalPolling)
        )
      ),
      Effect.flatMap((outcome) => (outcome === "gone" ? Effect.void : engine.unexpected(request, outcome)))
    )
  }

const holdsOn: ReadonlySet<string> = new Set(["running", "paused", "restarting"])

/** Another removal is in progress: asks again until the container is gone, for half a minute. */
const removalPolling = Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(300))

const Waited = Schema.Struct({ StatusCode: Count })

const waitWith =
  (engine: EngineRequests): Containers["wait"] =>
  (container, { until = "not-running" } = {}) => {
    const request: Request = {
      operation: "wait for a container",
      resource: container,
      method: "POST",
      path: at(container, "wait"),
      query: { condition: until },
      deadline: "none"
    }
    return Effect.map(read(engine, request, Waited, notFound(container)), ({ StatusCode }) => StatusCode)
  }

const logsWith =
  (engine: EngineRequests, inspect: Containers["inspect"]): Containers["logs"] =>
  (container, options = {}) =>
    Stream.unwrapScoped(
      Effect.gen(function* () {
        const { tty } = yield* inspect(container)
        const body = yield* openBody(engine, logsRequest(container, options), notFound(container))
        const timestamps = options.timestamps ?? true
        return readBy(body, () => (tty ? makeTerminalReader(timestamps) : makeFrameReader(timestamps)))
      })
    )

const logsRequest = (container: string, options: ContainerLogsOptions): Request => ({
  operation: "read the log of a container",
  resource: container,
  method: "GET",
  path: at(container, "logs"),
  query: Logs.query(options)
})

const putArchiveWith =
  (engine: EngineRequests, inspect: Containers["inspect"]) =>
  <E, R>(container: string, path: string, archive: Archive<E, R>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { orSource, readable } = yield* uploading(archive)
        const request: Request = {
          operation: "copy files into a container",
          resource: container,
          method: "PUT",
          path: at(container, "archive"),
          query: { path }
        }
        const answer = yield* Effect.catchAll(engine.change(request, readable), orSource)
        if (isOk(answer)) return
        if (answer.status === 401) return yield* engine.unexpected(request, answer)
        const isMissing = answer.status === 404 && Exit.isFailure(yield* Effect.exit(inspect(container)))
        return yield* isMissing
          ? new ContainerNotFound({ container })
          : new ArchiveRejected({ container, path, reason: reasonOf(answer.text) })
      })
    )

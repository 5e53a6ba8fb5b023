/** Operations on containers. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Verdict } from "../../Flavor/Ports.js"
import { readBy } from "../../Internal/Lines.js"
import type { Container, ContainerLogsOptions, ContainerSpec } from "./Container.js"
import { InspectedContainer, ListedContainer, toContainer, toSummary } from "./ContainerDecoders.js"
import type { Archive, Containers, CreateError } from "./Contract.js"
import { Count, parse } from "./Decoders.js"
import { type EngineRequests, filters, isOk, read, uploading } from "./EngineRequests.js"
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
import { containerBody, wholeSeconds } from "./Specs.js"
import { diagnose } from "./StartContainer.js"
import type { EngineResponse, Request } from "./Transport.js"

export const make = (
  kit: EngineRequests,
  probe: (address: string, port: number) => Effect.Effect<Verdict>
): Containers => {
  const inspect = inspectWith(kit)
  return {
    create: createWith(kit, inspect),
    start: startWith(kit, inspect, probe),
    stop: stopWith(kit, inspect),
    kill: (container, signal = "SIGKILL") => signalWith(kit, "kill a container", container, "kill", { signal }),
    pause: (container) => signalWith(kit, "pause a container", container, "pause"),
    unpause: (container) => signalWith(kit, "unpause a container", container, "unpause"),
    remove: removeWith(kit, inspect),
    inspect,
    list: (labels) =>
      Effect.map(
        read(
          kit,
          {
            operation: "list containers",
            method: "GET",
            path: "/containers/json",
            query: { all: true, filters: filters(labels) }
          },
          Schema.Array(ListedContainer)
        ),
        (listed) => listed.map(toSummary)
      ),
    wait: waitWith(kit),
    logs: logsWith(kit, inspect),
    putArchive: putArchiveWith(kit)
  }
}

const at = (container: string, action: string): string => `/containers/${encodeURIComponent(container)}/${action}`

const inspectWith =
  (kit: EngineRequests): Containers["inspect"] =>
  (container) =>
    Effect.map(
      read(
        kit,
        { operation: "inspect a container", resource: container, method: "GET", path: at(container, "json") },
        InspectedContainer,
        () => new ContainerNotFound({ container })
      ),
      toContainer
    )

const Created = Schema.Struct({ Id: Schema.String })

const createWith = (kit: EngineRequests, inspect: Containers["inspect"]): Containers["create"] => {
  const operation = "create a container"
  const created = parse(Created, operation)
  return (spec) => {
    const request: Request = {
      operation,
      resource: spec.name ?? spec.image,
      method: "POST",
      path: "/containers/create",
      query: { name: spec.name, platform: spec.platform },
      body: containerBody(spec)
    }
    return Effect.flatMap(
      kit.change(request),
      (answer): Effect.Effect<string, CreateError> =>
        isOk(answer)
          ? Effect.map(created(answer), ({ Id }) => Id)
          : creationFailure(kit, inspect, spec, request, answer)
    )
  }
}

const creationFailure = (
  kit: EngineRequests,
  inspect: Containers["inspect"],
  spec: ContainerSpec,
  request: Request,
  answer: EngineResponse
): Effect.Effect<never, CreateError> => {
  const reason = reasonOf(answer.text)
  switch (answer.status) {
    case 400:
      return new SpecRejected({ operation: request.operation, reason })
    case 404:
      return new ImageUnavailable({ image: spec.image, reason })
    case 409:
      return Effect.flatMap(ownerOf(inspect, spec.name ?? ""), (owner) =>
        Effect.fail(new NameConflict({ kind: "container", name: spec.name ?? "", ...owner }))
      )
    default:
      return kit.unexpected(request, answer)
  }
}

const ownerOf = (inspect: Containers["inspect"], name: string): Effect.Effect<{ readonly ownerId?: string }> =>
  Effect.match(inspect(name), { onFailure: () => ({}), onSuccess: ({ id }) => ({ ownerId: id }) })

const startWith =
  (
    kit: EngineRequests,
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
    return Effect.flatMap(kit.change(request), (answer) =>
      isOk(answer) || answer.status === 304
        ? Effect.void
        : Effect.gen(function* () {
            const found = yield* look(inspect, container)
            const otherwise = yield* Effect.flip(kit.unexpected(request, answer))
            return yield* diagnose(container, answer, { found, probe, otherwise })
          })
    )
  }

const look = (inspect: Containers["inspect"], container: string): Effect.Effect<Container | "none" | "unknown"> =>
  Effect.catchAll(inspect(container), (error) =>
    Effect.succeed(error._tag === "ContainerNotFound" ? ("none" as const) : ("unknown" as const))
  )

/** A stop takes as long as the container is given; the deadline starts after that. */
const stopWith =
  (kit: EngineRequests, inspect: Containers["inspect"]): Containers["stop"] =>
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
      const answer = yield* kit.change(request)
      if (!isOk(answer) && answer.status !== 304 && answer.status !== 404) return yield* kit.unexpected(request, answer)
    })

const StopTimeout = Schema.Struct({ Config: Schema.Struct({ StopTimeout: Schema.Number }) })
const decodeStopTimeout = Schema.decodeUnknown(StopTimeout)

/** The engine's own default is 10 seconds. */
const ownGrace = (inspect: Containers["inspect"], container: string): Effect.Effect<number> =>
  inspect(container).pipe(
    Effect.flatMap(({ raw }) => decodeStopTimeout(raw)),
    Effect.match({ onFailure: () => 10, onSuccess: ({ Config }) => Config.StopTimeout })
  )

const signalWith = (
  kit: EngineRequests,
  operation: string,
  container: string,
  action: string,
  query: Request["query"] = {}
) => {
  const request: Request = { operation, resource: container, method: "POST", path: at(container, action), query }
  return Effect.flatMap(kit.change(request), (answer): ReturnType<Containers["pause"]> => {
    if (isOk(answer)) return Effect.void
    if (answer.status === 404) return new ContainerNotFound({ container })
    return answer.status === 409 ? new ContainerNotRunning({ container }) : kit.unexpected(request, answer)
  })
}

const removeWith =
  (kit: EngineRequests, inspect: Containers["inspect"]): Containers["remove"] =>
  (container, { force = false, volumes = true } = {}) => {
    const request: Request = {
      operation: "remove a container",
      resource: container,
      method: "DELETE",
      path: `/containers/${encodeURIComponent(container)}`,
      query: { force, v: volumes }
    }
    const attempt = Effect.gen(function* () {
      const answer = yield* kit.change(request)
      if (isOk(answer) || answer.status === 404) return "gone" as const
      if (answer.status !== 409) return yield* kit.unexpected(request, answer)
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
      Effect.flatMap((outcome) => (outcome === "gone" ? Effect.void : kit.unexpected(request, outcome)))
    )
  }

const holdsOn: ReadonlySet<string> = new Set(["running", "paused", "restarting"])

/** Somebody else is removing it: asked again until it is gone, for half a minute. */
const removalPolling = Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(300))

const Waited = Schema.Struct({ StatusCode: Count })

const waitWith =
  (kit: EngineRequests): Containers["wait"] =>
  (container, { until = "not-running" } = {}) =>
    Effect.map(
      read(
        kit,
        {
          operation: "wait for a container",
          resource: container,
          method: "POST",
          path: at(container, "wait"),
          query: { condition: until },
          deadline: "none"
        },
        Waited,
        () => new ContainerNotFound({ container })
      ),
      ({ StatusCode }) => StatusCode
    )

const logsWith =
  (kit: EngineRequests, inspect: Containers["inspect"]): Containers["logs"] =>
  (container, options = {}) =>
    Stream.unwrapScoped(
      Effect.gen(function* () {
        const { tty } = yield* inspect(container)
        const request = logsRequest(container, options)
        const answer = yield* kit.openQuery(request)
        if (answer.status === 404) return yield* new ContainerNotFound({ container })
        if (!isOk(answer)) return yield* kit.unexpected(request, { status: answer.status, text: yield* answer.text })
        const timestamps = options.timestamps ?? true
        return readBy(answer.body, () => (tty ? makeTerminalReader(timestamps) : makeFrameReader(timestamps)))
      })
    )

const logsRequest = (container: string, options: ContainerLogsOptions): Request => ({
  operation: "read the log of a container",
  resource: container,
  method: "GET",
  path: at(container, "logs"),
  query: {
    stdout: true,
    stderr: true,
    timestamps: options.timestamps ?? true,
    follow: options.follow ?? false,
    tail: options.tail ?? "all",
    since: options.since === undefined ? undefined : (options.since / 1_000).toFixed(3)
  }
})

const putArchiveWith =
  (kit: EngineRequests) =>
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
        const answer = yield* Effect.catchAll(kit.change(request, readable), orSource)
        if (isOk(answer)) return
        if (answer.status === 401) return yield* kit.unexpected(request, answer)
        const reason = reasonOf(answer.text)
        if (answer.status !== 404) return yield* new ArchiveRejected({ container, path, reason })
        const there = yield* Effect.exit(inspectWith(kit)(container))
        return yield* there._tag === "Success"
          ? new ArchiveRejected({ container, path, reason })
          : new ContainerNotFound({ container })
      })
    )

/** Watches objects, and starts again after every gap. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { KubernetesClient } from "../KubernetesClient.js"
import { pathOfType, selectorOf } from "./Paths.js"
import type { ResourceType } from "./Resources.js"
import type { OpenResponse, Request, Transport } from "./Transport.js"

/**
 * Hints of changes. The watch starts at the present state of the objects, so its first events are a list; after a gap, such
 * as the status 410, the next watch begins with a list again, and nothing is missed. The beginning of a watch is a hint, too.
 */
export const changes =
  (transport: Transport): (typeof KubernetesClient.Service)["changes"] =>
  (type, namespace, labels = {}) =>
    watchOnce(transport, requestOf(type, namespace, labels)).pipe(
      Stream.retry(pause),
      // A watch that the API ended in order starts again at once, a broken one after a pause.
      Stream.repeat(Schedule.spaced("1 second")),
      Stream.map(() => undefined),
      Stream.orDie
    )

// internal

/** The API ends a watch after this time. */
const lengthSeconds = 240

/** A watch without any byte for longer than the API lets it live is broken. */
const silence = Duration.seconds(lengthSeconds + 30)

/** It grows until a watch begins: an element of the stream resets it. */
const pause = Schedule.exponential("1 second").pipe(Schedule.union(Schedule.spaced("30 seconds")), Schedule.jittered)

const Event = Schema.parseJson(Schema.Struct({ type: Schema.String }))
const decodeEvent = Schema.decodeUnknown(Event)

const requestOf = (type: ResourceType, namespace: string, labels: Readonly<Record<string, string>>): Request => ({
  operation: `watch ${type.plural}`,
  resource: type.plural,
  method: "GET",
  path: pathOfType(type, namespace),
  query: { watch: true, timeoutSeconds: lengthSeconds, labelSelector: selectorOf(labels) }
})

const watchOnce = (transport: Transport, request: Request) =>
  Stream.unwrapScoped(
    Effect.flatMap(transport.open(request), ({ body, status }) =>
      status === 200
        ? Effect.succeed(Stream.concat(Stream.void, eventsOf(body)))
        : Effect.fail(`the API answered with status ${status}`)
    )
  )

const eventsOf = (body: OpenResponse["body"]) =>
  body.pipe(
    Stream.timeoutFail(() => "the watch was silent", silence),
    Stream.decodeText(),
    Stream.splitLines,
    Stream.mapEffect((line) => decodeEvent(line)),
    Stream.mapEffect(({ type }) => (type === "ERROR" ? Effect.fail("the watch has a gap") : Effect.void))
  )

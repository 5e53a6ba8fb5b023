/** Operations on tasks of a swarm. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readBy } from "../../Internal/Lines.js"
import { type EngineRequests, isOk, read } from "./EngineRequests.js"
import { makeFrameReader } from "./Frames.js"
import * as Logs from "./LogQuery.js"
import type { Tasks } from "./SwarmContract.js"
import { ListedTask, toTask } from "./SwarmDecoders.js"

export const make = (engine: EngineRequests): Tasks => ({
  list: (service) =>
    read(
      engine,
      {
        operation: "list tasks",
        resource: service,
        method: "GET",
        path: "/tasks",
        query: { filters: JSON.stringify({ service: [service] }) }
      },
      Schema.Array(ListedTask),
      // Some engines look for the service first.
      { 404: () => Effect.fail("missing" as const) }
    ).pipe(
      Effect.map((listed) => listed.map(toTask)),
      Effect.catchIf(
        (error) => error === "missing",
        () => Effect.succeed([])
      )
    ),
  logs: (task, options = {}) =>
    Stream.unwrapScoped(
      Effect.gen(function* () {
        const { body, status } = yield* engine.openQuery({
          operation: "read the log of a task",
          resource: task,
          method: "GET",
          path: `/tasks/${encodeURIComponent(task)}/logs`,
          query: Logs.query({ ...options, timestamps: true })
        })
        return isOk({ status }) ? readBy(body, () => makeFrameReader(true)) : Stream.empty
      })
    )
})

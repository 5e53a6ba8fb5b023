/** What an engine tells of its own accord about our containers. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import { DockerClient } from "../DockerClient.js"
import * as Labels from "../Labels.js"
import { BackendContext } from "./BackendContext.js"
import { toUnavailable } from "./Failures.js"

/** A hint for each container of this registry that ended, was removed, paused or started. */
export const changes: Stream.Stream<unknown, EngineUnavailable, DockerClient | BackendContext> = Stream.unwrap(
  Effect.gen(function* () {
    const { events } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const actions = ["die", "oom", "destroy", "pause", "unpause", "start"]
    return events({ types: ["container"], actions, labels: Labels.filter({ registryId }) })
  })
).pipe(Stream.mapError(toUnavailable("tell what changes")))

/**
 * What an engine tells of its own accord about our containers.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import { DockerClient } from "../DockerClient.js"
import * as Labels from "../Labels.js"
import { toUnavailable } from "./Failures.js"
import { Site } from "./Site.js"

/**
 * A hint for each container of this registry that ended, was removed, paused or started.
 *
 * @category observing
 * @since 0.1.0
 */
export const changes: Stream.Stream<unknown, EngineUnavailable, DockerClient | Site> = Stream.unwrap(
  Effect.gen(function* () {
    const { events } = yield* DockerClient
    const { registryId } = yield* Site
    const actions = ["die", "oom", "destroy", "pause", "unpause", "start"]
    return events({ types: ["container"], actions, labels: Labels.filter({ registryId }) })
  })
).pipe(Stream.mapError(toUnavailable("tell what changes")))

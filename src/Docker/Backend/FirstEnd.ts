/**
 * How a container ended that the engine has started again meanwhile: the container itself does not know any more, the
 * engine's events do for a while.
 */
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Container, DockerClient } from "../DockerClient.js"
import * as Labels from "../Labels.js"

/** How a container ended. */
export interface End {
  readonly exitCode: number
  readonly outOfMemory: boolean
}

/** How a container ended for the first time; none if the engine does not know any more. */
export const firstEnd = (container: Container): Effect.Effect<Option.Option<End>, never, DockerClient> =>
  Effect.gen(function* () {
    if (container.createdAt === undefined) return Option.none()
    const { events } = yield* DockerClient
    const deployment = container.labels[Labels.keys.deployment]
    const seen = yield* events({
      types: ["container"],
      actions: ["oom", "die"],
      ...(deployment === undefined ? {} : { labels: { [Labels.keys.deployment]: deployment } }),
      since: DateTime.toEpochMillis(container.createdAt)
    }).pipe(
      Stream.filter(({ id }) => id === container.id),
      Stream.takeUntil(({ action }) => action === "die"),
      Stream.runCollect
    )
    return Option.map(Chunk.last(seen), ({ attributes }) => ({
      exitCode: Number(attributes["exitCode"] ?? 0),
      outOfMemory: Chunk.some(seen, ({ action }) => action === "oom")
    }))
  }).pipe(
    Effect.timeoutTo({ duration: patience, onSuccess: (end) => end, onTimeout: () => Option.none() }),
    Effect.orElseSucceed(() => Option.none())
  )

// internal

/** What has happened comes at once; after it a follower would wait for what has not. */
const patience = "1 second"

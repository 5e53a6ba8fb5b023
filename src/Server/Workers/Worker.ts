/**
 * One of several processes that serve a pipeline together: builds everything, listens when its primary says so, and ends
 * when that tells it to. When the primary is gone, Node ends it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Ids from "../../Ids.js"
import type { Manifest } from "../../Manifest.js"
import type * as Pipeline from "../../Pipeline.js"
import type { RunStore } from "../../Store/RunStore.js"
import type { ListenFailed } from "../NodeServer.js"
import * as Serve from "../Serve.js"
import type { Signals } from "../Signals.js"
import * as Indexes from "./Indexes.js"
import { Link } from "./Link.js"
import * as Member from "./Member.js"
import * as Shares from "./Shares.js"

/**
 * Which worker of a service it is, and since when the service runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Role {
  readonly slot: number
  readonly startedAtMillis: number
}

/**
 * Serves as one of the workers of a manifest and answers the exit code of the process.
 *
 * @category running
 * @since 0.1.0
 */
export const run = (
  pipeline: Pipeline.Any,
  manifest: Manifest,
  { slot, startedAtMillis }: Role
): Effect.Effect<number, ListenFailed | StoreError | Serve.WarmUpFailed, RunStore | Ids.Ids | Signals | Link> =>
  Effect.gen(function* () {
    const link = yield* Link
    const next = yield* Indexes.fromBlocks(block(link))
    const open = Serve.make(pipeline, Shares.manifestOf(manifest, slot), {
      before: (warmUp) =>
        warmUp.pipe(
          Effect.zipRight(link.send({ _tag: "Warm" })),
          Effect.zipRight(link.address),
          Effect.map((address) => ({ ...address, fallback: false }))
        ),
      fleet: Layer.provide(Member.layer, Layer.succeed(Link, link)),
      startedAt: DateTime.unsafeMake(startedAtMillis)
    })
    return yield* Effect.provideService(
      Serve.untilTold(open, () => link.send({ _tag: "Listening" })),
      Indexes.Indexes,
      { next }
    )
  }).pipe(Effect.scoped, Effect.annotateLogs("worker", slot))

// internal

const block = ({ ask }: typeof Link.Service) =>
  Effect.flatMap(ask({ _tag: "Indexes" }), (answer) =>
    answer._tag === "Indexes" ? Effect.succeed(answer.block) : Effect.dieMessage("The primary answers something else.")
  )

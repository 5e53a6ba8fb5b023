/**
 * One of several processes that serve a pipeline together. It builds the warm state, listens on the request of its
 * primary, and ends on the request of its primary. Node ends it when the primary is gone.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Manifest } from "../../Contract/Manifest.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Pipeline from "../../Pipeline.js"
import type * as Ids from "../../Store/Ids.js"
import type { RunStore } from "../../Store/RunStore.js"
import type { ListenFailed } from "../Http/NodeServer.js"
import * as Check from "../Process/Check.js"
import * as Door from "../Process/Door.js"
import * as Serve from "../Process/Serve.js"
import type { Signals } from "../Process/Signals.js"
import * as RunIndexAllocator from "../Run/Records/RunIndexAllocator.js"
import * as ServiceFromWorker from "./ServiceFromWorker.js"
import { WorkerChannel } from "./WorkerChannel.js"
import * as WorkerLimits from "./WorkerLimits.js"

/** The slot of a worker, and the start of its service. */
export interface Role {
  readonly slot: number
  readonly startedAtMillis: number
}

/** Serves as a worker of a manifest and returns the exit code of the process. */
export const run = (
  pipeline: Pipeline.Any,
  manifest: Manifest,
  { slot, startedAtMillis }: Role
): Effect.Effect<
  number,
  ListenFailed | StoreError | Serve.WarmUpFailed | Serve.CheckFailed,
  RunStore | Ids.Ids | Signals | WorkerChannel | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const link = yield* WorkerChannel
    const next = yield* RunIndexAllocator.fromBlocks(block(link))
    const fs = yield* FileSystem.FileSystem
    const own = WorkerLimits.manifestOf(manifest, slot)
    const open = Serve.make(pipeline, own, {
      check: yield* Check.recorded(pipeline, own),
      before: (warmUp) =>
        warmUp.pipe(
          Effect.zipRight(link.send({ _tag: "Warm" })),
          Effect.zipRight(link.address),
          Effect.map((address) => ({ ...address, fallback: false }))
        ),
      successor: Effect.flatMap(Effect.provideService(Door.hasSuccessor(own), FileSystem.FileSystem, fs), (has) =>
        Effect.sync(() => (has ? "generation" : link.condition()?.phase === "draining" ? "none" : "workers"))
      ),
      fleet: Layer.provide(ServiceFromWorker.layer, Layer.succeed(WorkerChannel, link)),
      startedAt: DateTime.unsafeMake(startedAtMillis),
      liveness: false
    })
    return yield* Effect.provideService(
      Serve.untilTold(open, (served) =>
        Effect.all(
          [
            link.onConnection((connection) => served.take(connection, own.door?.socket ?? 0)),
            link.send({ _tag: "Listening" }),
            link.left,
            served.leave
          ],
          { discard: true }
        )
      ),
      RunIndexAllocator.RunIndexAllocator,
      { next }
    )
  }).pipe(Effect.scoped, Effect.annotateLogs("worker", slot))

// internal

const block = ({ ask }: typeof WorkerChannel.Service) =>
  Effect.flatMap(ask({ _tag: "Indexes" }), (answer) =>
    answer._tag === "Indexes" ? Effect.succeed(answer.block) : Effect.dieMessage("The primary answers something else.")
  )

/** One worker from its start to its end, as its supervisor sees it. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { exitCodes } from "../../Contract/Manifest.js"
import type { DoorConnections } from "./DoorConnections.js"
import type { RequestRouter } from "./RequestRouter.js"
import { Spawner, type Exit as WorkerExit, type WorkerProcess } from "./Spawner.js"
import type { Entry, WorkerRegistry } from "./WorkerRegistry.js"

/** A worker cannot serve or is in a crash loop, so the service ends. */
export class WorkerFailed extends Schema.TaggedError<WorkerFailed>()("WorkerFailed", {
  reason: Schema.String,
  exitCode: Schema.Int
}) {
  override get message(): string {
    return this.reason
  }
}

/** The address on which a service listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** The end of a worker. */
export interface Ended {
  /** One sentence, for the log. */
  readonly sentence: string
  /** The same as a failure of the service. */
  readonly failure: WorkerFailed
}

export interface WorkerHandle {
  /** Waits until the warm state is built. */
  readonly warm: Effect.Effect<void, WorkerFailed>
  /** Lets the worker listen and waits until it does. */
  readonly listen: (address: Address) => Effect.Effect<void, WorkerFailed>
  /** Waits for the end of the worker. */
  readonly ended: Effect.Effect<Ended>
}

/** Starts a worker and handles its messages until it ends. The end of the scope kills a worker that is still running. */
export const startWorker = (
  slot: number,
  {
    connections,
    registry,
    router
  }: { readonly connections: DoorConnections; readonly registry: WorkerRegistry; readonly router: RequestRouter }
): Effect.Effect<WorkerHandle, never, Spawner | Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const own = yield* Scope.make()
    const { spawn } = yield* Spawner
    const process = yield* Scope.extend(spawn(slot), own)
    yield* Effect.addFinalizer((exit) => Scope.close(own, exit))
    const entry = registry.add(slot, process)
    const warm = yield* Deferred.make<void>()
    const listening = yield* Deferred.make<void>()
    const ended = yield* Deferred.make<Ended>()

    const follow = (said: string | undefined, code: number | undefined): Effect.Effect<void> =>
      Effect.flatMap(process.heard.take, (heard) => {
        if (heard._tag === "Ended") {
          registry.remove(entry)
          connections.remove(process)
          return Effect.all(
            [
              registry.announce(),
              Scope.close(own, Exit.void),
              Deferred.succeed(ended, endedAs(slot, process, heard.exit, said, code))
            ],
            { discard: true }
          )
        }
        const { message } = heard
        switch (message._tag) {
          case "Warm":
            return Effect.zipRight(Deferred.succeed(warm, undefined), follow(said, code))
          case "Taken":
            connections.taken(process)
            return follow(said, code)
          case "Listening":
            connections.add(process)
            return isNowListening(entry, registry).pipe(
              Effect.zipRight(Deferred.succeed(listening, undefined)),
              Effect.zipRight(follow(said, code))
            )
          case "Failed":
            return follow(message.message, message.exitCode)
          default:
            return Effect.zipRight(router(entry, message), follow(said, code))
        }
      })
    yield* Effect.forkIn(Effect.interruptible(follow(undefined, undefined)), scope)

    const unlessEnded = <A>(effect: Effect.Effect<A>) =>
      Effect.raceFirst(
        effect,
        Effect.flatMap(Deferred.await(ended), ({ failure }) => Effect.fail(failure))
      )
    return {
      warm: unlessEnded(Deferred.await(warm)),
      listen: (address: Address) =>
        unlessEnded(Effect.zipRight(process.send({ _tag: "Listen", ...address }), Deferred.await(listening))),
      ended: Deferred.await(ended)
    }
  }).pipe(Effect.uninterruptible)

// internal

const isNowListening = (entry: Entry, registry: WorkerRegistry): Effect.Effect<void> =>
  Effect.suspend(() => {
    entry.isListening = true
    return registry.announce(entry)
  })

const endedAs = (
  slot: number,
  { pid }: WorkerProcess,
  exit: WorkerExit,
  said: string | undefined,
  code: number | undefined
): Ended => {
  const how = said === undefined ? describe(exit) : `could not serve: ${said}`
  const sentence = `Worker ${slot}${pid === undefined ? "" : ` (process ${pid})`} ${how}${how.endsWith(".") ? "" : "."}`
  return { sentence, failure: new WorkerFailed({ reason: said ?? sentence, exitCode: code ?? exitCodes.startFailed }) }
}

const describe = ({ code, reason, signal }: WorkerExit): string =>
  reason !== undefined
    ? `could not be started: ${reason}`
    : signal !== undefined
      ? `was ended by ${signal}`
      : `ended with exit code ${code}`

/**
 * Supervises the workers of a service: starts them, lets them listen, replaces those that end, and drains them. A
 * {@link Spawner} makes the processes.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { exitCodes } from "../../Contract/Manifest.js"
import type { Ending } from "../Process/Signals.js"
import type { DoorConnections } from "./DoorConnections.js"
import type * as Protocol from "./Protocol.js"
import type { RequestRouter } from "./RequestRouter.js"
import * as RestartPolicy from "./RestartPolicy.js"
import { Spawner } from "./Spawner.js"
import { type Address, startWorker, WorkerFailed, type WorkerHandle } from "./WorkerHandle.js"
import type { WorkerRegistry } from "./WorkerRegistry.js"

export interface Supervisor {
  /** Starts every worker and waits until the warm state of all is built. */
  readonly start: Effect.Effect<void, WorkerFailed>
  /** Lets every worker listen and waits until all do. */
  readonly listen: (address: Address) => Effect.Effect<void, WorkerFailed>
  /** Replaces workers that end. It runs once all workers listen, and fails when a slot is in a crash loop. */
  readonly keep: (address: Address) => Effect.Effect<never, WorkerFailed>
  /** Says to every worker that the door leads to another version. */
  readonly leave: Effect.Effect<void>
  /** Drains every worker, and waits until all have ended or the limit is over. */
  readonly drain: (ending: Ending) => Effect.Effect<void>
}

/** Makes the supervisor of some slots. The end of the scope kills workers that are still running. */
export const make = (options: {
  readonly slots: ReadonlyArray<number>
  readonly registry: WorkerRegistry
  readonly router: RequestRouter
  readonly connections: DoorConnections
  /** Recovers the runs of an ended worker before another worker takes its slot. */
  readonly recover: (slot: number) => Effect.Effect<void>
  /** The time limit of a drain. */
  readonly drainLimit: Duration.DurationInput
}): Effect.Effect<Supervisor, never, Spawner | Scope.Scope> =>
  Effect.gen(function* () {
    const { drainLimit, recover, registry, slots } = options
    const scope = yield* Effect.scope
    const spawner = yield* Spawner
    const current = new Map<number, WorkerHandle>()

    const fill = (slot: number): Effect.Effect<WorkerHandle> =>
      startWorker(slot, options).pipe(
        Effect.tap((worker) => Effect.sync(() => current.set(slot, worker))),
        Effect.uninterruptible,
        Effect.provideService(Spawner, spawner),
        Effect.provideService(Scope.Scope, scope)
      )
    const all = <E>(step: (worker: WorkerHandle, slot: number) => Effect.Effect<unknown, E>): Effect.Effect<void, E> =>
      Effect.suspend(() =>
        Effect.forEach([...current], ([slot, worker]) => step(worker, slot), {
          concurrency: "unbounded",
          discard: true
        })
      )

    const keepSlot = (
      slot: number,
      worker: WorkerHandle,
      address: Address,
      before: RestartPolicy.History
    ): Effect.Effect<never, WorkerFailed> =>
      Effect.gen(function* () {
        const { sentence } = yield* worker.ended
        const history = RestartPolicy.note(before, yield* Clock.currentTimeMillis)
        yield* recover(slot)
        if (RestartPolicy.isLoop(history)) return yield* crashLoop(sentence)
        const delay = RestartPolicy.delay(history)
        yield* Effect.logError(`${sentence} Another one starts in ${Duration.format(delay)}.`)
        yield* Effect.sleep(delay)
        registry.restarted()
        const next = yield* fill(slot)
        yield* Effect.ignore(Effect.zipRight(next.warm, next.listen(address)))
        return yield* keepSlot(slot, next, address, history)
      })

    return {
      start: Effect.zipRight(
        Effect.forEach(slots, fill, { discard: true }),
        all(({ warm }) => warm)
      ),
      listen: (address) => all(({ listen }) => listen(address)),
      keep: (address) =>
        Effect.zipRight(
          all((worker, slot) => keepSlot(slot, worker, address, [])),
          Effect.never
        ),
      leave: Effect.suspend(() => tellAll(registry, { _tag: "Leave" })),
      drain: (ending) =>
        Effect.gen(function* () {
          registry.drain()
          yield* tellAll(registry, { _tag: "Drain", ...ending })
          const inTime = yield* Effect.timeoutOption(
            all(({ ended }) => ended),
            drainLimit
          )
          if (Option.isNone(inTime)) yield* Effect.logWarning("Some workers did not end in time. They are killed.")
        })
    }
  })

// internal

const tellAll = ({ entries }: WorkerRegistry, message: Protocol.ToWorker): Effect.Effect<void> =>
  Effect.forEach(entries(), ({ process }) => process.send(message), { discard: true })

const crashLoop = (sentence: string) =>
  new WorkerFailed({
    reason: `${sentence} It is the ${RestartPolicy.maxEnds}th end of this slot within ${Duration.format(RestartPolicy.window)}, so the service ends.`,
    exitCode: exitCodes.startFailed
  })

/**
 * Keeps the workers of a service: starts them, tells them where to listen, starts others in the place of those that end,
 * and drains them. It knows nothing of processes: a {@link Spawner} makes them.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { exitCodes } from "../../Contract/Manifest.js"
import type { Ending } from "../Process/Signals.js"
import type { RequestRouter } from "./RequestRouter.js"
import * as RestartPolicy from "./RestartPolicy.js"
import { Spawner } from "./Spawner.js"
import { type Address, hire, WorkerFailed, type WorkerHandle } from "./WorkerHandle.js"
import type { WorkerRegistry } from "./WorkerRegistry.js"

export interface Supervisor {
  /** Starts every worker; done when the warm state of all is built. */
  readonly start: Effect.Effect<void, WorkerFailed>
  /** Has every worker listen; done when all do. */
  readonly listen: (address: Address) => Effect.Effect<void, WorkerFailed>
  /** Starts others in the place of workers that end, until one of them goes on ending. To be run once all listen. */
  readonly keep: (address: Address) => Effect.Effect<never, WorkerFailed>
  /** Tells every worker to end as a service does, and waits until none is left or their time is up. */
  readonly drain: (ending: Ending) => Effect.Effect<void>
}

/**
 * Makes the supervision of some slots. Workers live in the scope: they are killed when it closes, if they have not ended.
 */
export const make = (options: {
  readonly slots: ReadonlyArray<number>
  readonly roster: WorkerRegistry
  readonly switchboard: RequestRouter
  /** What to do about the runs of a worker that ended, before another one has its slot. */
  readonly recover: (slot: number) => Effect.Effect<void>
  /** How long workers may take to drain. */
  readonly drainLimit: Duration.DurationInput
}): Effect.Effect<Supervisor, never, Spawner | Scope.Scope> =>
  Effect.gen(function* () {
    const { drainLimit, recover, roster, slots } = options
    const scope = yield* Effect.scope
    const spawner = yield* Spawner
    const current = new Map<number, WorkerHandle>()

    const fill = (slot: number): Effect.Effect<WorkerHandle> =>
      hire(slot, options).pipe(
        Effect.tap((hired) => Effect.sync(() => current.set(slot, hired))),
        Effect.uninterruptible,
        Effect.provideService(Spawner, spawner),
        Effect.provideService(Scope.Scope, scope)
      )
    const all = <E>(step: (hired: WorkerHandle, slot: number) => Effect.Effect<unknown, E>): Effect.Effect<void, E> =>
      Effect.suspend(() =>
        Effect.forEach([...current], ([slot, hired]) => step(hired, slot), { concurrency: "unbounded", discard: true })
      )

    const keepSlot = (
      slot: number,
      hired: WorkerHandle,
      address: Address,
      before: RestartPolicy.History
    ): Effect.Effect<never, WorkerFailed> =>
      Effect.gen(function* () {
        const { sentence } = yield* hired.ended
        const history = RestartPolicy.note(before, yield* Clock.currentTimeMillis)
        yield* recover(slot)
        if (RestartPolicy.isLoop(history)) return yield* givenUp(sentence)
        const delay = RestartPolicy.delay(history)
        yield* Effect.logError(`${sentence} Another one starts in ${Duration.format(delay)}.`)
        yield* Effect.sleep(delay)
        roster.restarted()
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
          all((hired, slot) => keepSlot(slot, hired, address, [])),
          Effect.never
        ),
      drain: (ending) =>
        Effect.gen(function* () {
          roster.drain()
          const told = { _tag: "Drain", ...ending } as const
          yield* Effect.forEach(roster.entries(), ({ process }) => process.send(told), { discard: true })
          const inTime = yield* Effect.timeoutOption(
            all(({ ended }) => ended),
            drainLimit
          )
          if (Option.isNone(inTime)) yield* Effect.logWarning("Workers did not end in time and are killed.")
        })
    }
  })

// internal

const givenUp = (sentence: string) =>
  new WorkerFailed({
    reason: `${sentence} It is the ${RestartPolicy.maxEnds}th of its slot to end within ${Duration.format(RestartPolicy.window)}, so the service ends.`,
    exitCode: exitCodes.startFailed
  })

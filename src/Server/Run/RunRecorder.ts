/**
 * Records runs in their store: it gathers records into group commits, writes the start and the end of a quick run once, and
 * retries records that could not be stored.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { ServiceUnavailable } from "../../Contract/Errors.js"
import type { StoreError } from "../../Errors/Stores.js"
import { type Run, RunStore, type RunWrite } from "../../Store/RunStore.js"
import * as TickBatcher from "../HotPath/TickBatcher.js"
import * as GroupCommit from "./GroupCommit.js"
import { RunIndexAllocator } from "./RunIndexAllocator.js"

export class RunRecorder extends Context.Tag("effect-deployers/Server/RunRecorder")<
  RunRecorder,
  {
    /** False for a deployment that stores no runs. */
    readonly isRecording: boolean
    /** The index of the next run, after the last stored one. Only the first run waits for it. */
    readonly nextIndex: () => Effect.Effect<number>
    /** Stores the state of a run soon, without a wait. */
    readonly offer: (run: Run) => void
    /** Stores a message or an answer soon, after its run. */
    readonly offerMessage: (message: Exclude<RunWrite, { readonly _tag: "Run" }>) => void
    /** Stores the state of a run and its earlier offers, and calls back with true when they are on disk. */
    readonly store: (id: string, run: () => Run, onStored: (isStored: boolean) => void) => void
    /** Drops the records of a run that could not be stored, so that they are not retried. */
    readonly forget: (id: string) => void
    /** {@link store} as an effect. */
    readonly commit: (run: Run) => Effect.Effect<void, ServiceUnavailable>
    /** Waits until every offer was tried. */
    readonly flush: Effect.Effect<void>
    /** True when the last write succeeded. */
    readonly isHealthy: () => boolean
  }
>() {}

/**
 * Makes a recorder over a run store. It first marks the runs of dead processes as lost, and leaves those of a process that
 * this one replaces.
 *
 * A failed write is retried every second, so that a store that recovers gets the records it missed. An entry that the store
 * rejects is given up after three tries. At most 1,000 entries are kept.
 */
export const make: Effect.Effect<Context.Tag.Service<RunRecorder>, StoreError, RunStore | Scope.Scope> = Effect.gen(
  function* () {
    const store = yield* RunStore
    const lost = yield* store.markLost
    if (lost > 0) yield* Effect.logWarning(`${lost} runs of a process that died were marked as lost.`)
    const kept = new Map<string, GroupCommit.Entry>()
    let isHealthy = true

    const group = yield* GroupCommit.make({
      commit: store.commit,
      onSettled: (entry, exit) => {
        isHealthy = Exit.isSuccess(exit)
        if (Exit.isFailure(exit)) keep(kept, entry, exit)
        else supersede(kept, entry)
      }
    })
    const retry = Effect.suspend(() => {
      for (const entry of kept.values()) requeue(group.entry(entry.runId), entry)
      const isRetrying = kept.size > 0
      kept.clear()
      return isRetrying
        ? group.idle
        : Effect.sync(() => {
            isHealthy = true
          })
    })
    yield* Effect.addFinalizer(() => Effect.zipRight(group.idle, Effect.zipRight(retry, group.idle)))
    yield* Effect.forkScoped(Effect.schedule(retry, Schedule.spaced("1 second")))
    yield* Effect.forkScoped(Effect.schedule(Effect.ignore(store.alive), Schedule.spaced("2 seconds")))

    const save: Context.Tag.Service<RunRecorder>["store"] = (id, run, onStored) => {
      const entry = group.entry(id)
      entry.run = { _tag: "Run", run: run() }
      entry.waiters.push((exit) => onStored(Exit.isSuccess(exit)))
    }
    return RunRecorder.of({
      isRecording: true,
      nextIndex: (yield* RunIndexAllocator).next ?? (yield* counting(store)),
      offer: (run) => {
        group.entry(run.id).run = { _tag: "Run", run }
      },
      offerMessage: (message) => {
        group.entry(message.runId).messages.push(message)
      },
      store: save,
      forget: (id) => void kept.delete(id),
      commit: committing(save),
      flush: group.idle,
      isHealthy: () => isHealthy
    })
  }
)

/**
 * A recorder that stores nothing, for deployments that do not record. It releases the runs of one turn of the event loop at
 * once, as a group commit does: answers in a row cost the system less than single ones.
 */
export const layerNone: Layer.Layer<RunRecorder> = Layer.effect(
  RunRecorder,
  Effect.gen(function* () {
    const { next } = yield* RunIndexAllocator
    const defer = yield* TickBatcher.NextTurn
    let index = 0
    let waiting: Array<(isStored: boolean) => void> = []
    const askToRelease = TickBatcher.make(() => {
      const released = waiting
      waiting = []
      for (const onStored of released) onStored(true)
    }, defer)
    return {
      isRecording: false,
      nextIndex: next ?? (() => Exit.succeed(++index)),
      offer: () => {},
      offerMessage: () => {},
      store: (_id, _run, onStored) => {
        waiting.push(onStored)
        askToRelease()
      },
      forget: () => {},
      commit: () => Effect.void,
      flush: Effect.void,
      isHealthy: () => true
    }
  })
)

export const layer: Layer.Layer<RunRecorder, StoreError, RunStore> = Layer.scoped(RunRecorder, make)

/** The answer while the run store cannot be written. */
export const unavailable = new ServiceUnavailable({
  message: "Runs cannot be recorded at the moment, so none is accepted; try again later.",
  reason: "store",
  retryAfterSeconds: 5
})

/** The answer while the run store cannot be read. */
export const unreadable = new ServiceUnavailable({
  message: "Runs cannot be read at the moment; try again later.",
  reason: "store",
  retryAfterSeconds: 5
})

// internal

/** The index is read at the first run, because the process that this one replaces may add runs until then. */
const counting = (store: Context.Tag.Service<RunStore>): Effect.Effect<() => Effect.Effect<number>, StoreError> =>
  Effect.map(store.lastIndex, (atStart) => {
    let index: number | undefined
    const first = Effect.map(
      Effect.orElseSucceed(store.lastIndex, () => atStart),
      (last) => {
        index ??= last
        return ++index
      }
    )
    return () => (index === undefined ? first : Exit.succeed(++index))
  })

const committing =
  (save: Context.Tag.Service<RunRecorder>["store"]) =>
  (run: Run): Effect.Effect<void, ServiceUnavailable> =>
    Effect.async((resume) =>
      save(
        run.id,
        () => run,
        (isStored) => resume(isStored ? Effect.void : Effect.fail(unavailable))
      )
    )

const maxKept = 1_000
const maxAttempts = 3

const keep = (
  kept: Map<string, GroupCommit.Entry>,
  entry: GroupCommit.Entry,
  exit: Exit.Failure<void, StoreError>
): void => {
  entry.attempts++
  const failure = Option.getOrUndefined(Exit.causeOption(exit))
  const mayPass = failure?._tag === "Fail" && failure.error.reason !== "query"
  if ((mayPass || entry.attempts < maxAttempts) && kept.size < maxKept) kept.set(entry.runId, entry)
}

const supersede = (kept: Map<string, GroupCommit.Entry>, entry: GroupCommit.Entry): void => {
  const earlier = kept.get(entry.runId)
  if (earlier === undefined || entry.run === undefined) return
  earlier.run = undefined
  if (earlier.messages.length === 0) kept.delete(entry.runId)
}

const requeue = (entry: GroupCommit.Entry, earlier: GroupCommit.Entry): void => {
  entry.run ??= earlier.run
  entry.messages.unshift(...earlier.messages)
  entry.attempts = Math.max(entry.attempts, earlier.attempts)
}

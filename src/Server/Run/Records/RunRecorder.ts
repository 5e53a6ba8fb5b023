/**
 * Records runs in their store: it gathers records into group commits, writes the start and the end of a quick run once, and
 * retries records that could not be stored.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { ServiceUnavailable } from "../../../Contract/Errors.js"
import type { StoreError } from "../../../Errors/Stores.js"
import type { Serving } from "../../../Settings/Serving.js"
import { type Run, RunStore, type RunWrite } from "../../../Store/RunStore.js"
import * as TickBatcher from "../../HotPath/TickBatcher.js"
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
    /** Stores a part of a run soon, after the run itself. */
    readonly offerPart: (part: Exclude<RunWrite, { readonly _tag: "Run" }>) => void
    /** Calls back when the earlier offers of a run are on disk, or when they could not be stored for now. */
    readonly onStored: (id: string, onStored: (isStored: boolean) => void) => void
    /** Stores the state of a run and its earlier offers, and calls back with true when they are on disk. */
    readonly store: (id: string, run: () => Run, onStored: (isStored: boolean) => void) => void
    /** Calls a function with the id of a run whose write failed because another process has taken it. */
    readonly onFenced: (listener: (id: string) => void) => void
    /** Drops the records of a run that could not be stored, so that they are not retried. */
    readonly forget: (id: string) => void
    /** {@link store} as an effect. */
    readonly commit: (run: Run) => Effect.Effect<void, ServiceUnavailable>
    /** Waits until every offer was tried. */
    readonly flush: Effect.Effect<void>
    /** True when the last write succeeded. */
    readonly isHealthy: () => boolean
    /** The answer to a run that could not be stored, with the reason of the last failure. */
    readonly refusal: () => ServiceUnavailable
  }
>() {}

/**
 * Makes a recorder over a run store. It first marks the runs of dead processes as lost, or releases them for a recovery, and
 * leaves those of a process that this one replaces.
 *
 * A failed write is retried every second, so that a store that recovers gets the records it missed. It is retried together
 * with the next write of its run, so that the store never has a part of a run without the parts before it. An entry that
 * the store rejects is given up after three tries. At most 1,000 entries are kept.
 */
export const makeWith = (
  recovery: Serving["recovery"]
): Effect.Effect<Context.Tag.Service<RunRecorder>, StoreError, RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* RunStore
    const others = recovery === "fail" ? store.abandon({ own: false }) : Effect.succeed(0)
    yield* atStart(store, recovery)
    const kept = new Map<string, GroupCommit.Entry>()
    let isHealthy = true
    let refusal = unavailable
    let onFenced: (id: string) => void = () => {}

    const group = yield* GroupCommit.make({
      commit: store.commit,
      onSettled: (entry, exit) => {
        if (Exit.isFailure(exit) && reasonOf(exit) === "fenced") return onFenced(entry.runId)
        isHealthy = Exit.isSuccess(exit)
        if (Exit.isFailure(exit)) {
          refusal = isFull(exit) ? full : unavailable
          if (isRetried(entry, exit)) keep(entry)
        }
      }
    })
    const keep = (entry: GroupCommit.Entry) => {
      const later = group.gathering(entry.runId)
      if (later !== undefined) requeue(later, entry)
      else if (kept.size < maxKept) kept.set(entry.runId, entry)
    }
    const entryOf = (id: string): GroupCommit.Entry => {
      const entry = group.entry(id)
      const earlier = kept.size === 0 ? undefined : kept.get(id)
      if (earlier === undefined) return entry
      kept.delete(id)
      requeue(entry, earlier)
      return entry
    }
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
    yield* Effect.forkScoped(
      Effect.schedule(Effect.ignore(Effect.zipRight(store.alive, others)), Schedule.spaced("2 seconds"))
    )

    const save: Context.Tag.Service<RunRecorder>["store"] = (id, run, onStored) => {
      const entry = entryOf(id)
      entry.run = { _tag: "Run", run: run() }
      entry.waiters.push((exit) => onStored(Exit.isSuccess(exit)))
    }
    return RunRecorder.of({
      isRecording: true,
      nextIndex: (yield* RunIndexAllocator).next ?? (yield* counting(store)),
      offer: (run) => {
        entryOf(run.id).run = { _tag: "Run", run }
      },
      offerPart: (part) => {
        entryOf(part.runId).parts.push(part)
      },
      onStored: (id, onStored) => {
        entryOf(id).waiters.push((exit) => onStored(Exit.isSuccess(exit)))
      },
      store: save,
      onFenced: (listener) => {
        onFenced = listener
      },
      forget: (id) => void kept.delete(id),
      commit: committing(save, () => refusal),
      flush: group.idle,
      isHealthy: () => isHealthy,
      refusal: () => refusal
    })
  })

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
    const release = () => {
      const released = waiting
      waiting = []
      for (const onStored of released) onStored(true)
    }
    const askToRelease = TickBatcher.make(release, defer)
    return {
      isRecording: false,
      nextIndex: next ?? (() => Exit.succeed(++index)),
      offer: () => {},
      offerPart: () => {},
      // The events of a run wait for the end of the turn, however many they are: a run that emits fast lets others go on.
      onStored: (_id, onStored) => {
        if (waiting.push(onStored) === 1) defer(release)
      },
      store: (_id, _run, onStored) => {
        waiting.push(onStored)
        askToRelease()
      },
      onFenced: () => {},
      forget: () => {},
      commit: () => Effect.void,
      flush: Effect.void,
      isHealthy: () => true,
      refusal: () => unavailable
    }
  })
)

/** The recorder of a service whose runs are lost with their process. */
export const make: Effect.Effect<Context.Tag.Service<RunRecorder>, StoreError, RunStore | Scope.Scope> = makeWith(
  "fail"
)

export const layerWith = (recovery: Serving["recovery"]): Layer.Layer<RunRecorder, StoreError, RunStore> =>
  Layer.scoped(RunRecorder, makeWith(recovery))

/** See {@link make}. */
export const layer: Layer.Layer<RunRecorder, StoreError, RunStore> = layerWith("fail")

/** The answer while the run store cannot be written. */
export const unavailable = new ServiceUnavailable({
  message: "Runs cannot be recorded at the moment, so none is accepted; try again later.",
  reason: "store",
  retryAfterSeconds: 5
})

/** The answer while the disk of the run store is full. */
const full = new ServiceUnavailable({
  message: "The disk of the run store is full, so no run can be recorded and none is accepted; try again later.",
  reason: "store",
  retryAfterSeconds: 5
})

/** The answer while the run store cannot be read. Damage stays until the owner of the file acts. */
export const unreadable = (error: StoreError): ServiceUnavailable =>
  new ServiceUnavailable({
    message:
      error.reason === "corrupt" || error.reason === "notADatabase"
        ? error.message
        : "Runs cannot be read at the moment; try again later.",
    reason: "store",
    retryAfterSeconds: 5
  })

/** Reads or writes the run store for a caller, who gets 503 when that fails. */
export const orUnavailable = <A>(effect: Effect.Effect<A, StoreError>): Effect.Effect<A, ServiceUnavailable> =>
  Effect.catchAll(effect, (error) =>
    Effect.zipRight(Effect.logError("The run store could not be used.", error), unreadable(error))
  )

// internal

/** Runs that go on in another process are released for it, and the others are marked as lost. */
const atStart = (store: Context.Tag.Service<RunStore>, recovery: Serving["recovery"]) =>
  Effect.gen(function* () {
    const own = recovery === "fail" ? store.abandon({ own: true }) : Effect.as(store.orphan, 0)
    const lost = (yield* store.markLost) + (yield* own)
    if (lost > 0) yield* Effect.logWarning(`${lost} runs of a process that died were marked as lost.`)
  })

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
  (save: Context.Tag.Service<RunRecorder>["store"], refusal: () => ServiceUnavailable) =>
  (run: Run): Effect.Effect<void, ServiceUnavailable> =>
    Effect.async((resume) =>
      save(
        run.id,
        () => run,
        (isStored) => resume(isStored ? Effect.void : Effect.suspend(() => Effect.fail(refusal())))
      )
    )

const maxKept = 1_000
const maxAttempts = 3

/** Counts the attempt. True for a failure that may pass, and for the first ones of a rejected entry. */
const isRetried = (entry: GroupCommit.Entry, exit: Exit.Failure<void, StoreError>): boolean => {
  entry.attempts++
  const reason = reasonOf(exit)
  return (reason !== undefined && reason !== "query") || entry.attempts < maxAttempts
}

const reasonOf = (exit: Exit.Failure<void, StoreError>) =>
  exit.cause._tag === "Fail" ? exit.cause.error.reason : undefined

const isFull = (exit: Exit.Failure<void, StoreError>): boolean => reasonOf(exit) === "full"

const requeue = (entry: GroupCommit.Entry, earlier: GroupCommit.Entry): void => {
  entry.run ??= earlier.run
  entry.parts.unshift(...earlier.parts)
  entry.attempts = Math.max(entry.attempts, earlier.attempts)
}

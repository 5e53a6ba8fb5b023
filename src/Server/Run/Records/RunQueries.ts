/** The runs of the whole service, in progress and stored, and the idempotency keys that stand for them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { RunNotFound, type ServiceUnavailable } from "../../../Contract/Errors.js"
import type { RunLogPage } from "../../../Contract/RunLog.js"
import type { StoreError } from "../../../Errors/Stores.js"
import { type EventPage, type FindOptions, type Run, RunStore } from "../../../Store/RunStore.js"
import { NextTurn } from "../../HotPath/TickBatcher.js"
import { Invocation } from "../Invocation.js"
import { Service } from "../Service.js"
import * as RunRecorder from "./RunRecorder.js"

type Store = Context.Tag.Service<RunStore>

/** An operation of the store that fails with the answer to the caller. */
type Answering<Name extends "cancel" | "claim" | "claimed" | "journal" | "list" | "release" | "signal"> = (
  ...options: Parameters<Store[Name]>
) => Effect.Effect<Effect.Effect.Success<ReturnType<Store[Name]>>, ServiceUnavailable>

export class RunQueries extends Context.Tag("effect-deployers/Server/Reading")<
  RunQueries,
  {
    /** A run with the steps it has so far. */
    readonly find: (id: string, options?: FindOptions) => Effect.Effect<Run, RunNotFound | ServiceUnavailable>
    /** Stored events of a run after a position. */
    readonly events: (id: string, after: number) => Effect.Effect<EventPage, RunNotFound | ServiceUnavailable>
    /** Lines that a run logged. */
    readonly logs: (
      id: string,
      query: { readonly after: number; readonly limit: number }
    ) => Effect.Effect<RunLogPage, RunNotFound | ServiceUnavailable>
    /** Stores the steps of a run in another worker as they start and end, from now on. */
    readonly storeSteps: (id: string) => Effect.Effect<void>
    readonly list: Answering<"list">
    readonly claim: Answering<"claim">
    readonly claimed: Answering<"claimed">
    readonly release: Answering<"release">
    readonly cancel: Answering<"cancel">
    readonly journal: Answering<"journal">
    readonly signal: Answering<"signal">
  }
>() {}

export const layer: Layer.Layer<RunQueries, never, Service | Invocation | RunStore> = Layer.effect(
  RunQueries,
  Effect.gen(function* () {
    const store = yield* RunStore
    const fleet = yield* Service
    const invocation = yield* Invocation
    const orElse = (error: ServiceUnavailable) => (cause: unknown) =>
      Effect.zipRight(Effect.logError("The run store could not be used.", cause), error)
    const read = <A>(read: Effect.Effect<A, StoreError>) =>
      Effect.catchAll(read, (error) => orElse(RunRecorder.unreadable(error))(error))
    const stored = <A>(effect: Effect.Effect<A, StoreError>) => Effect.zipRight(fleet.flush, read(effect))
    const defer = yield* NextTurn
    const nextTurn = Effect.async<void>((resume) => defer(() => resume(Effect.void)))
    const oneAtATime = Effect.unsafeMakeSemaphore(1).withPermits(1)
    const written = <A>(write: Effect.Effect<A, unknown>) => Effect.catchAll(write, orElse(RunRecorder.unavailable))
    return {
      find: (id, options) =>
        Effect.gen(function* () {
          const going = invocation.find(id) ?? (yield* fleet.findElsewhere(id))
          if (going !== undefined) return going
          // A record may have many megabytes, so other requests have their turn before the next one is read.
          const found = yield* oneAtATime(Effect.zipLeft(stored(store.find(id, options)), nextTurn))
          if (Option.isSome(found)) return found.value
          return yield* notFound(id)
        }),
      events: (runId, after) =>
        Effect.gen(function* () {
          const page = yield* read(store.events({ runId, after }))
          if (Option.isSome(page)) return page.value
          // The start of a run is stored at the end of its turn.
          if (invocation.find(runId) === undefined) return yield* notFound(runId)
          return { status: "queued", events: [], isLast: false }
        }),
      logs: (runId, query) =>
        Effect.gen(function* () {
          const page = yield* stored(store.logs({ runId, ...query }))
          if (Option.isSome(page)) return page.value
          // A run that waits, or that began in this turn, is not stored yet.
          const going = invocation.find(runId) ?? (yield* fleet.findElsewhere(runId))
          return going === undefined ? yield* notFound(runId) : { lines: [] }
        }),
      storeSteps: fleet.storeSteps,
      list: (options) => stored(store.list(options)),
      claim: (claim) => written(store.claim(claim)),
      claimed: (key) => stored(store.claimed(key)),
      release: (claim) => written(store.release(claim)),
      cancel: (id) => written(store.cancel(id)),
      journal: (id) => stored(store.journal(id)),
      signal: (signal) => Effect.zipRight(fleet.flush, written(store.signal(signal)))
    }
  })
)

// internal

const notFound = (runId: string) => new RunNotFound({ message: "This deployment has no run of that id.", runId })

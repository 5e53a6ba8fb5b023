/** The runs of the whole service, in progress and stored, and the idempotency keys that stand for them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { RunNotFound, type ServiceUnavailable } from "../../Contract/Errors.js"
import type { Published } from "../../Contract/RunEvent.js"
import { type Run, RunStore } from "../../Store/RunStore.js"
import { Invocation } from "./Invocation.js"
import * as RunRecorder from "./RunRecorder.js"
import { Service } from "./Service.js"

type Store = Context.Tag.Service<RunStore>

/** An operation of the store that fails with the answer to the caller. */
type Answering<Name extends "cancel" | "claim" | "claimed" | "list" | "release"> = (
  ...options: Parameters<Store[Name]>
) => Effect.Effect<Effect.Effect.Success<ReturnType<Store[Name]>>, ServiceUnavailable>

export class RunQueries extends Context.Tag("effect-deployers/Server/Reading")<
  RunQueries,
  {
    /** A run with the steps it has so far. */
    readonly find: (id: string) => Effect.Effect<Run, RunNotFound | ServiceUnavailable>
    /** The messages that a run has published so far. */
    readonly messages: (id: string) => Effect.Effect<ReadonlyArray<Published>, ServiceUnavailable>
    readonly list: Answering<"list">
    readonly claim: Answering<"claim">
    readonly claimed: Answering<"claimed">
    readonly release: Answering<"release">
    readonly cancel: Answering<"cancel">
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
    const stored = <A>(read: Effect.Effect<A, unknown>) =>
      Effect.catchAll(Effect.zipRight(fleet.flush, read), orElse(RunRecorder.unreadable))
    const written = <A>(write: Effect.Effect<A, unknown>) => Effect.catchAll(write, orElse(RunRecorder.unavailable))
    return {
      find: (id) =>
        Effect.gen(function* () {
          const going = invocation.find(id) ?? (yield* fleet.findElsewhere(id))
          if (going !== undefined) return going
          const found = yield* stored(store.find(id))
          if (Option.isSome(found)) return found.value
          return yield* new RunNotFound({ message: "This deployment has no run of that id.", runId: id })
        }),
      messages: (id) => stored(store.messages(id)),
      list: (options) => stored(store.list(options)),
      claim: (claim) => written(store.claim(claim)),
      claimed: (key) => stored(store.claimed(key)),
      release: (claim) => written(store.release(claim)),
      cancel: (id) => written(store.cancel(id))
    }
  })
)

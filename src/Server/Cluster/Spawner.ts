/** Starting workers, as a service that a test can swap. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type * as Protocol from "./Protocol.js"

/** How a worker ended: with an exit code, by a signal, or because it could not be started. */
export interface Exit {
  readonly code?: number | undefined
  readonly signal?: string | undefined
  readonly reason?: string | undefined
}

/** What is heard of a worker, in the order it happened; nothing comes after its end. */
export type Heard =
  | { readonly _tag: "Said"; readonly message: Protocol.ToPrimary }
  | { readonly _tag: "Ended"; readonly exit: Exit }

/** A worker that was started. */
export interface WorkerProcess {
  readonly pid: number | undefined
  /** Tells it something; a worker that is gone does not hear it. */
  readonly send: (message: Protocol.ToWorker) => Effect.Effect<void>
  readonly heard: Queue.Dequeue<Heard>
}

export class Spawner extends Context.Tag("effect-deployers/Server/Workers/Spawner")<
  Spawner,
  {
    /** Starts the worker of a slot; it is killed when the scope closes, if it has not ended by then. */
    readonly spawn: (slot: number) => Effect.Effect<WorkerProcess, never, Scope.Scope>
  }
>() {}

/** Starts workers; a service that a test can swap. */
import type { Socket } from "node:net"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type * as Protocol from "./Protocol.js"

/** The end of a worker: an exit code, a signal, or the reason of a failed start. */
export interface Exit {
  readonly code?: number | undefined
  readonly signal?: string | undefined
  readonly reason?: string | undefined
}

/** The messages and the end of a worker, in order. The end is the last. */
export type Heard =
  | { readonly _tag: "Said"; readonly message: Protocol.ToPrimary }
  | { readonly _tag: "Ended"; readonly exit: Exit }

/** A started worker. */
export interface WorkerProcess {
  readonly pid: number | undefined
  /** Sends a message. A message to an ended worker is lost. */
  readonly send: (message: Protocol.ToWorker) => Effect.Effect<void>
  /** Gives a connection of the door; false if the worker has ended. */
  readonly give: (connection: Socket) => boolean
  readonly heard: Queue.Dequeue<Heard>
}

export class Spawner extends Context.Tag("effect-deployers/Server/Workers/Spawner")<
  Spawner,
  {
    /** Starts the worker of a slot. The end of the scope kills it if it is still running. */
    readonly spawn: (slot: number) => Effect.Effect<WorkerProcess, never, Scope.Scope>
  }
>() {}

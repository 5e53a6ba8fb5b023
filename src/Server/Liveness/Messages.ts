/** The messages between a service and its liveness thread, and the data that the thread starts with. */
import type { MessagePort } from "node:worker_threads"

/**
 * The memory that both share: the beats of the event loop, a call to the thread to read its messages, and 1 while the event
 * loop beats rarely, because no request or run is in progress.
 */
export const cells = { beat: 0, call: 1, isIdle: 2 } as const

/** The data that a thread starts with. */
export interface ThreadData {
  readonly memory: SharedArrayBuffer
  readonly port: MessagePort
  readonly health: HealthRoutes
  /** The condition of the service, as JSON of `Condition`. */
  readonly condition: string
}

/** The health routes, and the rules of their requests. */
export interface HealthRoutes {
  /** `/health` and `/health/ready`. */
  readonly checked: ReadonlyArray<string>
  /** `/health/live`. */
  readonly live: string
  /** True if only requests to a name of this machine are answered. */
  readonly loopbackOnly: boolean
  /** The headers of every answer, as lines. */
  readonly headers: string
}

/** The door of a socket: the thread accepts only while its file names the generation. */
export interface Door {
  readonly file: string
  readonly generation: number
}

/** The addresses of a connection. */
export interface Addresses {
  readonly remoteAddress?: string | undefined
  readonly remoteFamily?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

/** A message to the thread. */
export type ToThread =
  /** Accepts at a listening socket of the process from now on, while the event loop is blocked. */
  | {
      readonly _tag: "Watch"
      readonly socket: number
      readonly descriptor: number
      readonly door?: Door | undefined
      /** True if a door relays the connections of the socket, and introduces their callers. */
      readonly isRelayed: boolean
    }
  /**
   * Accepts no more at a socket. The thread replies `Left` after the `Opened` of its last connection, and owns nothing of the
   * socket then.
   */
  | { readonly _tag: "Leave"; readonly socket: number }
  | { readonly _tag: "Condition"; readonly condition: string }
  /** Asks for the next bytes of a connection. */
  | { readonly _tag: "More"; readonly connection: number }
  /** Bytes for the caller of a connection. The thread replies `Written`. */
  | { readonly _tag: "Data"; readonly connection: number; readonly bytes: Uint8Array }
  /** The end of the bytes for the caller. The thread replies `Written`. */
  | { readonly _tag: "End"; readonly connection: number }
  | { readonly _tag: "Destroy"; readonly connection: number }

/** A message of the thread. */
export type FromThread =
  /** The thread can accept at the socket, or has given up with a reason. */
  | { readonly _tag: "Watching"; readonly socket: number; readonly problem?: string }
  | { readonly _tag: "Left"; readonly socket: number }
  /** A connection that the service has to serve. */
  | { readonly _tag: "Opened"; readonly connection: number; readonly socket: number; readonly addresses: Addresses }
  /** Bytes of a caller. Further ones follow only after `More`. */
  | { readonly _tag: "Data"; readonly connection: number; readonly bytes: Uint8Array }
  /** The caller sends nothing more. */
  | { readonly _tag: "End"; readonly connection: number }
  | { readonly _tag: "Written"; readonly connection: number }
  | { readonly _tag: "Closed"; readonly connection: number }

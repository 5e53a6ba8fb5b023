export interface Shared {
  /** The address of the manager's API. */
  readonly host: string
  /** The address of its node, where it publishes ports. */
  readonly address: string
  /** The address of this machine, as seen from there. */
  readonly gateway: string
  /** Whether this call started it. */
  readonly owned: boolean
}

export interface Node {
  readonly host: string
  readonly address: string
  readonly gateway: string
  /** Ends the engine without warning. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same data. */
  readonly restart: () => Promise<void>
  readonly dispose: () => Promise<void>
}

export interface PrivateSwarm {
  /** The first one is a manager. */
  readonly nodes: ReadonlyArray<Node>
  readonly dispose: () => Promise<void>
}

export const ensure: (options?: { readonly say?: (text: string) => void }) => Promise<Shared>
export const exists: () => boolean
export const stop: () => Promise<{ readonly stopped: boolean }>
export const startPrivate: (options?: { readonly nodes?: number; readonly managers?: number }) => Promise<PrivateSwarm>
/** Sends one request to the API of an engine; resolves the JSON of its answer. */
export const ask: <A = unknown>(host: string, method: string, path: string, body?: unknown) => Promise<A>

/** A server that listens on a socket in the folder `host`. */
export interface Server {
  readonly host: string
  /** The superuser, who needs no password. */
  readonly user: string
  readonly stop: () => Promise<void>
}

/** Starts a PostgreSQL server, which is installed first where it may be. Rejects with one line that says what to do. */
export declare const start: (options?: { readonly say?: (text: string) => void }) => Promise<Server>

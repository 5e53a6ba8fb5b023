/** A server for one test, which may break it. */
export interface Server {
  /** The folder of its socket. */
  readonly host: string
  /** The port of its socket, and of 127.0.0.1. */
  readonly port: number
  /** The superuser, who needs no password. */
  readonly user: string
  /** The database `postgres` as the superuser. */
  readonly url: string
  /** The folder of its data. */
  readonly data: string
  /** The folder of its programs. */
  readonly programs: string
  /** Ends the server: `SIGINT` disconnects everyone, `SIGQUIT` is a crash. */
  readonly end: (signal: "SIGINT" | "SIGQUIT") => Promise<void>
  /** Starts the server again after `end`, with further settings. */
  readonly restart: (settings?: ReadonlyArray<string>) => Promise<void>
  /** Ends the server and removes its data. */
  readonly stop: () => Promise<void>
}

export interface StartOptions {
  readonly say?: (text: string) => void
  /** Settings of the server, such as `max_connections=5`. */
  readonly settings?: ReadonlyArray<string>
  /** The content of `pg_hba.conf`; default: everyone may connect from this machine. */
  readonly hba?: string
  /** Further files in the folder of its data, such as a certificate. */
  readonly files?: Readonly<Record<string, string>>
  /** The folder for the data; default that of temporary files. */
  readonly at?: string
}

/** Starts a PostgreSQL server, which is installed first where it may be. Rejects with one line that says what to do. */
export declare const start: (options?: StartOptions) => Promise<Server>

/** The server that all tests share. `owned`: this call started it. Rejects with one line that says what to do. */
export declare const ensure: (options?: {
  readonly say?: (text: string) => void
}) => Promise<{ readonly url: string; readonly owned: boolean }>

/** Ends the shared server that `ensure` started. */
export declare const stop: () => Promise<{ readonly stopped: boolean }>

/** Starts a PgBouncer in transaction mode in front of the server of a URL. */
export declare const startPooler: (
  url: string,
  options?: { readonly say?: (text: string) => void; readonly poolSize?: number }
) => Promise<{ readonly url: string; readonly stop: () => Promise<void> }>

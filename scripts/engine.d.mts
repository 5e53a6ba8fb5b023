export interface Found {
  readonly host: string
  readonly api: string
}

export interface Ensured {
  readonly host: string
  /** Whether this call started it. */
  readonly owned: boolean
  readonly installed: boolean
}

export interface PrivateEngine {
  readonly host: string
  readonly folder: string
  readonly pid: () => number
  readonly kill: () => Promise<void>
  readonly end: () => Promise<void>
  readonly restart: () => Promise<void>
  readonly dispose: () => Promise<void>
}

export interface ElsewhereEngine extends PrivateEngine {
  /** Where it is reached, and what it publishes. */
  readonly address: string
  /** A command before another one, which then runs in its network. */
  readonly prefix: ReadonlyArray<string>
}

export const detect: () => Promise<Found | undefined>
export const ensure: (options?: { readonly say?: (text: string) => void }) => Promise<Ensured>
export const stop: (options?: {
  readonly folder?: string
  readonly wipe?: boolean
}) => Promise<{ readonly stopped: boolean }>
export const startPrivate: (options?: { readonly folder?: string }) => Promise<PrivateEngine>
export const startElsewhere: (options?: { readonly folder?: string }) => Promise<ElsewhereEngine>

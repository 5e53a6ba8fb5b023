/** A registry of images that runs. */
export interface Running {
  /** `host:port`, the start of the names of its images. */
  readonly host: string
  /** The certificate (PEM) of the authority that signed its own; only with TLS. */
  readonly authority: string | undefined
  readonly stop: () => Promise<void>
}

/** An address of this machine that is not a loopback address. */
export declare const outerAddress: () => string | undefined

/** Starts a registry of images. */
export declare const start: (options?: {
  readonly account?: { readonly name: string; readonly password: string }
  readonly address?: string
  readonly say?: (text: string) => void
  readonly tls?: boolean
}) => Promise<Running>

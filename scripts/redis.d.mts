/** Starts a server. Resolves the path of its socket and how to stop it. */
export declare const start: (options?: { readonly say?: (text: string) => void }) => Promise<{
  readonly socket: string
  readonly stop: () => Promise<void>
}>

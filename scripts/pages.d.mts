interface Made {
  readonly page: { readonly body: string; readonly style: string; readonly integrity: string }
  readonly script: string
}

/** Each page, and its script. */
export declare const make: () => Promise<Readonly<Record<"deployment" | "reference" | "ui", Made>>>

/** The parts of the SDK of the Model Context Protocol that a service uses. */
export declare const makeMcp: () => Promise<string>

/** The server of WebSockets. */
export declare const makeWebSocket: () => Promise<string>

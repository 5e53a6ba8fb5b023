/** The path of a Chromium that runs. Rejects with one line that says what to do. */
export declare const ensure: (options?: { readonly say?: (text: string) => void }) => Promise<string>

/** The program of a liveness thread as the text of one script. */
export const make: () => Promise<string>

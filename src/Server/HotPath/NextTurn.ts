/** The next turn of the event loop, in which gathered work is done. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** Calls a function in the next turn; default `setImmediate`. */
export class NextTurn extends Context.Reference<NextTurn>()("effect-deployers/Server/NextTurn", {
  defaultValue: (): ((act: () => void) => void) => setImmediate
}) {}

/** Microtasks in place of turns. */
export const layerMicrotasks: Layer.Layer<NextTurn> = Layer.succeed(NextTurn, queueMicrotask)

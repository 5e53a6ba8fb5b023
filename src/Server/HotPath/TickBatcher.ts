/** Gathers requests for the same work and does it once, at the end of the turn of the event loop. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** Calls a function in the next turn; default `setImmediate`. */
export class NextTurn extends Context.Reference<NextTurn>()("effect-deployers/Server/NextTurn", {
  defaultValue: (): ((act: () => void) => void) => setImmediate
}) {}

/** Microtasks in place of turns. */
export const layerMicrotasks: Layer.Layer<NextTurn> = Layer.succeed(NextTurn, queueMicrotask)

/**
 * The number of requests after which the work is done before the turn ends. Requests that wait longer outlive V8's young
 * generation, which costs more than a second batch.
 */
export const most = 128

/**
 * Makes a function that requests one execution of `act`.
 *
 * @param defer Calls a function in the next turn.
 */
export const make = (act: () => void, defer: typeof NextTurn.Service): (() => void) => {
  let asked = 0
  let isScheduled = false
  const actNow = () => {
    asked = 0
    act()
  }
  const atEnd = () => {
    isScheduled = false
    if (asked > 0) actNow()
  }
  return () => {
    asked++
    if (asked === most) queueMicrotask(actNow)
    else if (!isScheduled) {
      isScheduled = true
      defer(atEnd)
    }
  }
}

/**
 * Makes a function that passes each of its arguments to `act` at the end of the turn.
 *
 * @param defer Calls a function in the next turn.
 */
export const each = <A>(act: (one: A) => void, defer: typeof NextTurn.Service): ((one: A) => void) => {
  let gathered: Array<A> = []
  const end = () => {
    const all = gathered
    gathered = []
    for (const one of all) act(one)
  }
  return (one) => {
    if (gathered.push(one) === 1) defer(end)
  }
}

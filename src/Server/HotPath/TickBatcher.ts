/** What can be done for many at once, done at the end of the turn of the event loop in which it was first asked for. */

/**
 * How many may ask before it is done without waiting for the end of the turn: what waits longer outlives the young
 * generation, which costs more than doing it again.
 */
export const most = 128

/** Makes a function to ask with. */
export const make = (act: () => void): (() => void) => {
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
      setImmediate(atEnd)
    }
  }
}

/** Makes a function that has something done about each it is given, at the end of the turn. */
export const each = <A>(act: (one: A) => void): ((one: A) => void) => {
  let gathered: Array<A> = []
  const end = () => {
    const all = gathered
    gathered = []
    for (const one of all) act(one)
  }
  return (one) => {
    if (gathered.push(one) === 1) setImmediate(end)
  }
}

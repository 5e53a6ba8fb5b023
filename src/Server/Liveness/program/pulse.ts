/** The pulse of the event loop: its beats in shared memory, and the time without one. */
import { cells } from "../Messages.js"

/** Milliseconds between two looks, and without a beat that make a blocked event loop. It beats several times as often. */
const often = { periodMillis: 30, patienceMillis: 60 }

/** The same while the event loop beats rarely. */
const rarely = { periodMillis: 500, patienceMillis: 1_500 }

export interface Pulse {
  /** The time without a beat in whole milliseconds, if the event loop is blocked. */
  readonly blockedMillis: () => number | undefined
  /**
   * Waits until the event loop is blocked or calls. Meanwhile this thread does nothing: it accepts no connection, and reads no
   * message.
   */
  readonly sleep: () => void
}

export const make = (memory: SharedArrayBuffer): Pulse => {
  const cellsOf = new Int32Array(memory)
  let beat = Atomics.load(cellsOf, cells.beat)
  let beatAt = performance.now()
  const pace = () => (Atomics.load(cellsOf, cells.isIdle) === 1 ? rarely : often)
  const blockedMillis = (): number | undefined => {
    // The pace is read first: the event loop beats before it beats often.
    const { patienceMillis } = pace()
    const now = performance.now()
    const current = Atomics.load(cellsOf, cells.beat)
    if (current !== beat) {
      beat = current
      beatAt = now
    }
    return now - beatAt >= patienceMillis ? Math.floor(now - beatAt) : undefined
  }
  return {
    blockedMillis,
    sleep: () => {
      while (blockedMillis() === undefined) {
        if (Atomics.wait(cellsOf, cells.call, 0, pace().periodMillis) !== "timed-out") break
      }
      Atomics.store(cellsOf, cells.call, 0)
    }
  }
}

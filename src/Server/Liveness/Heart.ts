/** The beats of this process's event loop, by which the liveness thread sees that it turns. */
import { cells } from "./Messages.js"

export interface Heart {
  /** Notes a request, which is a beat, too, and after which the event loop beats often. */
  readonly note: () => void
  readonly stop: () => void
}

/**
 * Starts to beat in shared memory. A service without requests and runs beats rarely, so that it hardly wakes up.
 *
 * @param look Called several times a second, and rarely with rare beats.
 */
export const make = (
  shared: Int32Array<SharedArrayBuffer>,
  { isIdle, look }: { readonly isIdle: () => boolean; readonly look: () => void }
): Heart => {
  let hasRequest = true
  let isOften = true
  let beats = 0

  const beat = (): void => {
    Atomics.add(shared, cells.beat, 1)
    if (isOften && ++beats % beatsOfLook !== 0) return
    look()
    if (beats < beatsUntilIdle) return
    if (!hasRequest && isIdle()) pace(false)
    hasRequest = false
    beats = 0
  }

  const pace = (often: boolean): void => {
    isOften = often
    beats = often ? 0 : beatsUntilIdle
    clearInterval(timer)
    timer = setInterval(beat, often ? oftenMillis : rareMillis).unref()
    Atomics.add(shared, cells.beat, 1)
    Atomics.store(shared, cells.isIdle, often ? 0 : 1)
    Atomics.store(shared, cells.call, 1)
    Atomics.notify(shared, cells.call)
  }

  let timer = setInterval(beat, oftenMillis).unref()
  return {
    note: () => {
      // A long turn of many requests is no block: a connection to this thread costs a request many times as much.
      Atomics.add(shared, cells.beat, 1)
      hasRequest = true
      if (!isOften) pace(true)
    },
    stop: () => clearInterval(timer)
  }
}

// internal

/** Milliseconds between two beats: several within the patience of the thread. */
const oftenMillis = 20
const rareMillis = 500

/** Often beats between two looks, and between two decisions to beat rarely. */
const beatsOfLook = 5
const beatsUntilIdle = 50

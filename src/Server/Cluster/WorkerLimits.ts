/** What each worker of a service gets of what the service has: its part of the limits, and a name for its runs. */
import type { Manifest } from "../../Contract/Manifest.js"
import * as Settings from "../../Settings/Serving.js"

/** The numbers workers have, from 1. One that replaces another has its number. */
export const slots = (workers: number): ReadonlyArray<number> =>
  Array.from({ length: workers }, (_, index) => index + 1)

/** The part of a whole number that falls to a slot; the parts of all slots add up to it and differ by 1 at most. */
export const share = (whole: number, slot: number, workers: number): number =>
  Math.floor(whole / workers) + (slot <= whole % workers ? 1 : 0)

/** The manifest as it is for one worker. */
export const manifestOf = (manifest: Manifest, slot: number): Manifest => {
  const { serving } = manifest
  const workers = Settings.workersOf(serving)
  return {
    ...manifest,
    serving: {
      ...serving,
      maxConcurrency: share(serving.maxConcurrency, slot, workers),
      maxQueue: share(serving.maxQueue, slot, workers)
    }
  }
}

/**
 * Whose the runs of a slot are in the run store, which tells the runs of generations apart. Each slot counts as a
 * generation of its own, so that the runs of a worker that died can be called lost while those of its siblings go on. Slot
 * 0 is the generation itself: what a service without workers writes.
 */
export const ownerOf = (generation: number, slot: number): number => generation + slot * 2 ** 32

/** The share of each worker in the limits of a service, and the owner of its runs. */
import type { Manifest } from "../../Contract/Manifest.js"
import * as Settings from "../../Settings/Serving.js"

/** The slots of workers, from 1. A worker that replaces another has its slot. */
export const slots = (workers: number): ReadonlyArray<number> =>
  Array.from({ length: workers }, (_, index) => index + 1)

/** The share of a slot in a whole number. The shares of all slots add up to it and differ by 1 at most. */
export const share = (whole: number, slot: number, workers: number): number =>
  Math.floor(whole / workers) + (slot <= whole % workers ? 1 : 0)

/** The manifest of one worker. The first one runs the check for all. */
export const manifestOf = (manifest: Manifest, slot: number): Manifest => {
  const { check, serving, ...rest } = manifest
  const workers = Settings.workersOf(serving)
  return {
    ...rest,
    ...(check === undefined || slot !== 1 ? {} : { check }),
    serving: {
      ...serving,
      workers,
      maxConcurrency: share(serving.maxConcurrency, slot, workers),
      maxQueue: share(serving.maxQueue, slot, workers),
      maxStreams: share(serving.maxStreams, slot, workers)
    }
  }
}

/**
 * The owner of a slot's runs in the run store, which separates the runs of generations. Each slot counts as a generation of
 * its own, so that the runs of a dead worker become lost while those of the other workers continue. Slot 0 is the
 * generation itself and owns the runs of a service without workers.
 */
export const ownerOf = (generation: number, slot: number): number => generation + slot * 2 ** 32

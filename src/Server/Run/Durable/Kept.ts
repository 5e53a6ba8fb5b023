/** The results that a run takes from another one, which it continues after a failure. */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import type { JournalEntry, StepRun } from "../../../Store/RunStore.js"
import type { Earlier } from "../Execution/ActiveRun.js"
import { beforeFailure } from "./Journal.js"

/** The results that a retry takes from another run. */
export interface Kept {
  readonly steps: ReadonlyArray<StepRun>
  readonly journal: ReadonlyArray<JournalEntry>
}

/** The results of the operations before the first one that failed. Steps get the first positions of the new run. */
export const keptOf = ({ journal: recorded, steps }: Kept): Kept => {
  const kept: Array<StepRun> = []
  const journal = beforeFailure(recorded).map((entry) => {
    const step = entry.position === undefined ? undefined : steps[entry.position]
    if (step === undefined) return entry
    const position = kept.push(atSequence(step, kept.length)) - 1
    return { ...entry, position }
  })
  return { steps: kept, journal }
}

/** The record with which a run begins that has results of another one. */
export const earlierOf = (clock: Clock.Clock, kept: Kept | undefined): Earlier | undefined =>
  kept === undefined
    ? undefined
    : {
        startedAt: DateTime.unsafeMake(clock.unsafeCurrentTimeMillis()),
        steps: kept.steps,
        sequence: lastSequence(kept.steps.length),
        lines: 0
      }

// internal

/** The start of the run has the first position, and each step has two. */
const lastSequence = (steps: number): number => 1 + 2 * steps

const atSequence = (step: StepRun, index: number): StepRun => ({
  ...step,
  startedSequence: lastSequence(index) + 1,
  finishedSequence: lastSequence(index) + 2
})

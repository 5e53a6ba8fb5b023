/**
 * The durable sleeps and waits of a run. While there are any, the deadline of the run stands still; while the program itself
 * sleeps or waits, its place is free for other runs.
 */
import * as Effect from "effect/Effect"
import type * as Admission from "../Limits/Admission.js"

/** The run as its suspension changes it. */
export interface Suspended {
  /** The milliseconds since the run was accepted. */
  readonly elapsedMillis: () => number
  /** Stops the deadline. */
  readonly stopDeadline: () => void
  readonly startDeadline: () => void
  /** Leaves the place of the run. */
  readonly leavePlace: () => void
  /** Takes a place, or waits for one. */
  readonly enter: () => Admission.Slot
  /** Called when the run begins to sleep or to wait. */
  readonly onSuspended: () => void
}

export class Suspension {
  #count = 0
  #sinceMillis = 0
  #millis = 0

  constructor(readonly run: Suspended) {}

  /** True while the run sleeps or waits. */
  get isSuspended(): boolean {
    return this.#count > 0
  }

  /** The milliseconds in which the run slept or waited, up to the last end. */
  get millis(): number {
    return this.#millis
  }

  /**
   * Runs a sleep or a wait.
   *
   * @param isProgram True if the program waits for it, so that the run does nothing else.
   */
  around<A, E>(effect: Effect.Effect<A, E>, isProgram: boolean): Effect.Effect<A, E> {
    const waiting = Effect.acquireUseRelease(
      Effect.sync(() => this.#begin(isProgram)),
      () => effect,
      () => Effect.sync(() => this.#end())
    )
    return isProgram ? Effect.zipLeft(waiting, this.#reentered) : waiting
  }

  #begin(isProgram: boolean): void {
    if (this.#count++ === 0) {
      this.#sinceMillis = this.run.elapsedMillis()
      this.run.stopDeadline()
    }
    if (isProgram) this.run.leavePlace()
    this.run.onSuspended()
  }

  #end(): void {
    if (--this.#count > 0) return
    this.#millis += this.run.elapsedMillis() - this.#sinceMillis
    this.run.startDeadline()
  }

  /** The end of an interrupted run, which needs no place, does not wait for one. */
  readonly #reentered: Effect.Effect<void> = Effect.async((resume) => {
    const slot = this.run.enter()
    if (slot.isWaiting) slot.onReady(() => resume(Effect.void))
    else resume(Effect.void)
  })
}

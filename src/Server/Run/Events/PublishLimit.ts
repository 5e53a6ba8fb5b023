/** Keeps a run that publishes fast from filling the memory: it waits for the store. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as RunRecorder from "../Records/RunRecorder.js"

/** Messages of a run that may wait for the store; the run waits with the next one. */
export const maxMessages = 64

/** Characters of these messages. */
export const maxCharacters = 262_144

/** The messages of one run that are not on disk yet. */
export class PublishLimit {
  #messages = 0
  #characters = 0
  #waiting: Array<(isStored: boolean) => void> | undefined

  constructor(
    readonly options: {
      readonly id: string
      readonly recorder: Pick<Context.Tag.Service<RunRecorder.RunRecorder>, "onStored">
    }
  ) {}

  /** Counts a message that was offered. Beyond the limit the effect waits for the store, and dies if it cannot store them. */
  add(characters: number): Effect.Effect<void> {
    if (this.#messages++ === 0) {
      this.options.recorder.onStored(this.options.id, (isStored) => this.#stored(isStored))
    }
    this.#characters += characters
    return this.#messages < maxMessages && this.#characters < maxCharacters ? Effect.void : this.#wait
  }

  readonly #wait: Effect.Effect<void> = Effect.async((resume) => {
    this.#waiting ??= []
    this.#waiting.push((isStored) => resume(isStored ? Effect.void : Effect.die(RunRecorder.unavailable)))
  })

  #stored(isStored: boolean): void {
    const waiting = this.#waiting
    this.#messages = 0
    this.#characters = 0
    this.#waiting = undefined
    for (const resume of waiting ?? []) resume(isStored)
  }
}

/**
 * Where ids come from, so that tests can know them beforehand.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { v7 } from "uuid"

/**
 * Makes UUIDv7 ids: unique, and sorted by the time they were made.
 *
 * @category services
 * @since 0.1.0
 */
export class Ids extends Context.Tag("effect-deployers/Ids")<
  Ids,
  {
    /** A new id; within one process later ids sort after earlier ones. */
    readonly next: Effect.Effect<string>
    /** The same for code that runs outside of effects. */
    readonly unsafeNext: () => string
  }
>() {}

/**
 * Random ids from the system's clock and entropy.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Ids> = Layer.sync(Ids, () => fromGenerator(() => v7()))

/**
 * Ids that count up from 1, valid UUIDv7 all the same.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTest: Layer.Layer<Ids> = Layer.sync(Ids, () => {
  let count = 0
  return fromGenerator(() => `00000000-0000-7000-8000-${(++count).toString(16).padStart(12, "0")}`)
})

// internal

const fromGenerator = (unsafeNext: () => string): Context.Tag.Service<Ids> => ({
  next: Effect.sync(unsafeNext),
  unsafeNext
})

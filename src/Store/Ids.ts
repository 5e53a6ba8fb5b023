/** The source of ids, so that tests can know them beforehand. */
import { randomFillSync } from "node:crypto"
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
    /** Makes later ids sort after an id of another process, also when the clock was set back meanwhile. */
    readonly startAfter: (id: string) => Effect.Effect<void>
  }
>() {}

/**
 * Random ids from the system's clock and entropy.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Ids> = Layer.sync(Ids, () => fromGenerator(inOrder()))

/**
 * Ids that count up from 1, valid UUIDv7 all the same.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTest: Layer.Layer<Ids> = Layer.sync(Ids, () => {
  let count = 0
  return fromGenerator({
    next: () => `${testPrefix}${(++count).toString(16).padStart(12, "0")}`,
    startAfter: (id) => {
      if (id.startsWith(testPrefix)) count = Math.max(count, Number.parseInt(id.slice(testPrefix.length), 16))
    }
  })
})

// internal

const testPrefix = "00000000-0000-7000-8000-"

interface Generator {
  readonly next: () => string
  readonly startAfter: (id: string) => void
}

const idBytes = 16
const poolBytes = 256 * idBytes

/**
 * Fills with random bytes for one id after another: asking the system for many at once costs little more than for a few.
 */
const pooled = (): ((id: Uint8Array) => void) => {
  const pool = new Uint8Array(poolBytes)
  let next = poolBytes
  return (id) => {
    if (next === poolBytes) {
      randomFillSync(pool)
      next = 0
    }
    for (let at = 0; at < idBytes; at++) id[at] = pool[next + at] as number
    next += idBytes
  }
}

/** Counts on within a millisecond, from a random number, as RFC 9562 advises; a clock that is set back does not matter. */
const inOrder = (): Generator => {
  const fill = pooled()
  const random = new Uint8Array(idBytes)
  const view = new DataView(random.buffer)
  let msecs = 0
  let seq = 0
  return {
    next: () => {
      fill(random)
      const now = Date.now()
      if (now > msecs) {
        msecs = now
        seq = view.getUint32(6) >>> 1
      } else {
        seq = (seq + 1) >>> 0
        if (seq === 0) msecs++
      }
      return v7({ random, msecs, seq })
    },
    startAfter: (id) => {
      const after = Number.parseInt(id.replace("-", "").slice(0, 12), 16) + 1
      if (after > Math.max(msecs, Date.now())) msecs = after
    }
  }
}

const fromGenerator = ({ next, startAfter }: Generator): Context.Tag.Service<Ids> => ({
  next: Effect.sync(next),
  unsafeNext: next,
  startAfter: (id) => Effect.sync(() => startAfter(id))
})

/** A file that changes while a service runs, read again when it is another one. Plain functions: requests wait for them. */
import { readFileSync, statSync } from "node:fs"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

/** Returns the contents if they have changed since the last call. */
export interface WatchedFile<out A> {
  readonly changed: () => { readonly contents: A } | undefined
}

/**
 * Watches a file that other processes replace. A file that does not decode, because it is written at this moment, changes
 * nothing: the contents that were read before stay. So does a missing one without `missing`, the contents in its place.
 */
export const make = <A, E>(
  path: string,
  decode: (text: string) => Either.Either<A, E>,
  missing?: { readonly contents: A }
): WatchedFile<A> => {
  let seen: string | undefined
  return {
    changed: () => {
      const state = stateOf(path) ?? absent
      if (state === seen) return undefined
      if (state === absent) {
        if (missing !== undefined) seen = state
        return missing
      }
      const read = Either.flatMap(
        Either.try(() => readFileSync(path, "utf8")),
        decode
      )
      if (Either.isLeft(read)) return undefined
      seen = state
      return { contents: read.right }
    }
  }
}

// internal

const absent = "absent"

/** Equal only for the same contents: a file that replaces another one has another number. */
const stateOf = (path: string): string | undefined => {
  const stats = Option.getOrUndefined(
    Option.liftThrowable(() => statSync(path, { bigint: true, throwIfNoEntry: false }))()
  )
  return stats === undefined ? undefined : `${stats.ino}/${stats.size}/${stats.mtimeNs}/${stats.ctimeNs}`
}

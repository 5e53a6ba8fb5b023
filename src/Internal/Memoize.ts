/** Values made at their first use, so that a start does not wait for values that are never used. */

/** Makes a value with the first call and returns the same one afterwards. */
export const memoize = <A>(make: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** What is made when it is first asked for, because a start should not wait for what may never be. */

/** Makes a value with the first call and gives the same one from then on. */
export const memoize = <A>(make: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The times of a door. */

/** Milliseconds between two looks at the files; a change is usually noticed at once. */
export const periodMillis = 250

/** Milliseconds without an instance in which connections wait. An ended instance usually starts again sooner. */
export const holdMillis = 5_000

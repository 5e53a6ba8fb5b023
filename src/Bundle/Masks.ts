/**
 * Arguments of imports that a bundler must not see: it refuses an import by a pattern without a match, which in Node fails
 * only when it is reached, often inside a `try`.
 */

/** The argument of an import: its line, from 1, and its column and length in bytes. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length: number
}

/** The hidden arguments of one bundle. */
export interface Masks {
  /** Hides more arguments. True if there are any that were not hidden before. */
  readonly add: (places: ReadonlyArray<Place>) => boolean
  /** The text of a module with its arguments hidden. */
  readonly apply: (file: string, text: string) => string
}

/** Masks without an argument. */
export const make = (): Masks => {
  const known = new Map<string, Hidden>()
  return {
    add: (places) => {
      const more = places.filter((place) => known.get(keyOf(place))?.isWhole !== true)
      for (const place of more) known.set(keyOf(place), { ...place, isWhole: known.has(keyOf(place)) })
      return more.length > 0
    },
    apply: (file, text) => {
      const places = [...known.values()].filter((place) => place.file === file)
      return places.length === 0 ? text : masked(text, places)
    }
  }
}

// internal

interface Hidden extends Place {
  /** False until its pattern has no match for files of TypeScript, either. */
  readonly isWhole: boolean
}

const keyOf = ({ column, file, line }: Place): string => `${file}:${line}:${column}`

const masked = (text: string, places: ReadonlyArray<Hidden>): string =>
  text
    .split("\n")
    .map((line, index) =>
      places
        .filter((place) => place.line === index + 1)
        .sort((a, b) => b.column - a.column)
        .reduce(hidden, line)
    )
    .join("\n")

/** TypeScript imports `./a.js` from `./a.ts`. The call returns its argument, and no bundler looks into it. */
const hidden = (line: string, { column, isWhole, length }: Hidden): string => {
  const bytes = Buffer.from(line)
  const at = (from: number, to?: number) => bytes.subarray(from, to).toString()
  const argument = at(column, column + length)
  const inTypeScript = argument.replace(/\.js(?=["'`]$)/, ".ts")
  const instead = isWhole || inTypeScript === argument ? `globalThis.String(${argument})` : inTypeScript
  return `${at(0, column)}${instead}${at(column + length)}`
}

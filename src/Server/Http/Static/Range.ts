/** The part of a file that a request asks for. */

/** A part of a file: from a byte on, of a length. */
export interface Part {
  readonly start: number
  readonly length: number
}

/**
 * The part of a file in the header `Range`; `undefined` for a request of the whole file, also for several parts at once, and
 * `"none"` for a part beyond the end.
 */
export const of = (header: string | undefined, bytes: number): Part | "none" | undefined => {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header?.replace(/\s/g, "") ?? "") ?? []
  if (from === "" && to === "") return undefined
  if (from === "") return part(Math.max(0, bytes - Number(to)), bytes - 1, bytes)
  const last = to === "" ? bytes - 1 : Math.min(Number(to), bytes - 1)
  return to !== "" && Number(to) < Number(from) ? undefined : part(Number(from), last, bytes)
}

// internal

const part = (start: number, last: number, bytes: number): Part | "none" =>
  start >= bytes || last < start ? "none" : { start, length: last - start + 1 }

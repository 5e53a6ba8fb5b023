/** Sizes in bytes, as people write them. */
import * as Schema from "effect/Schema"

const units: Readonly<Record<string, number>> = { k: 1_024, m: 1_048_576, g: 1_073_741_824 }
const grammar = /^(\d+(?:\.\d+)?)([kmg])(?:i?b)?$/i

/**
 * The bytes of a size.
 */
export const bytesOf = (size: number | string): number => {
  if (typeof size === "number") return size
  const [, amount = "", unit = ""] = grammar.exec(size) ?? []
  return Math.round(Number(amount) * (units[unit.toLowerCase()] ?? Number.NaN))
}

/**
 * The shortest text of a size in whole units: `512m`, `1g`; a number of bytes if there is none.
 */
export const sizeOf = (bytes: number): number | string => {
  const unit = ["g", "m", "k"].find((unit) => bytes > 0 && bytes % (units[unit] ?? 1) === 0)
  return unit === undefined ? bytes : `${bytes / (units[unit] ?? 1)}${unit}`
}

/**
 * The limit of JavaScript's heap, in mebibytes, of each of the workers that share some memory: three quarters of their part.
 * Without a limit Node lets its heap grow beyond the memory and is killed instead of collecting garbage.
 */
export const heapMegabytes = (memoryBytes: number, workers: number): number =>
  Math.floor(((memoryBytes / 1_048_576) * 0.75) / workers)

/**
 * A size such as `512m`, `1.5g` or a whole number of bytes. The units are powers of 1,024.
 *
 * @param minimum the smallest size, as text, and the reason for it
 */
export const atLeast = (minimum: string, reason: string) =>
  Schema.Union(Schema.Int, Schema.String).pipe(
    Schema.filter((size) => {
      const bytes = bytesOf(size)
      if (Number.isNaN(bytes)) return 'must be a size such as "512m", "1g" or a whole number of bytes'
      return bytes >= bytesOf(minimum) || `must be at least ${minimum}: ${reason}`
    })
  )

/**
 * The memory of a service.
 */
export const Memory = atLeast("64m", "Node needs that to start and to serve")

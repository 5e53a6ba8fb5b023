/** Bytes that a response sends: in memory, or read from the store of artifacts no faster than the caller takes them. */
import * as Stream from "effect/Stream"

/** A part of some bytes. */
export interface Part {
  readonly start: number
  readonly length: number
}

export type ByteSource =
  | { readonly _tag: "Memory"; readonly bytes: Uint8Array }
  | {
      readonly _tag: "Parts"
      readonly size: number
      readonly read: (part: Part) => Stream.Stream<Uint8Array, unknown>
    }

/** Bytes in memory. */
export const ofBytes = (bytes: Uint8Array): ByteSource => ({ _tag: "Memory", bytes })

/** The number of bytes. */
export const sizeOf = (source: ByteSource): number => (source._tag === "Memory" ? source.bytes.length : source.size)

/** A part of a source, which reads no other bytes. */
export const partOf = (source: ByteSource, { length, start }: Part): ByteSource =>
  source._tag === "Memory"
    ? ofBytes(source.bytes.subarray(start, start + length))
    : {
        _tag: "Parts",
        size: length,
        read: (part) => source.read({ start: start + part.start, length: part.length })
      }

/** All bytes in their order. */
export const streamOf = (source: ByteSource): Stream.Stream<Uint8Array, unknown> =>
  source._tag === "Memory" ? Stream.make(source.bytes) : source.read({ start: 0, length: source.size })

/** Fewer bytes are quicker in memory than through a file. */
export const memoryBytes = 262_144

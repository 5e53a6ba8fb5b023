/**
 * The needs of a program or shared library for Linux, read from the file itself: tools such as `ldd` may run the file.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export interface Elf {
  /** Number of the processor architecture, as ELF counts them. */
  readonly machine: number
  /** The loader; only programs name one. */
  readonly interpreter: string | undefined
  /** File names of the libraries it needs directly. */
  readonly needed: ReadonlyArray<string>
  /** Folders to look in first; may start with `$ORIGIN`. */
  readonly runPath: ReadonlyArray<string>
}

/** Reads the header of a file; none if it is not a 64-bit ELF file. */
export const read = (file: string): Effect.Effect<Option.Option<Elf>, PlatformError, FileSystem.FileSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const handle = yield* fs.open(file)
      const length = Number((yield* handle.stat).size)
      const bytesAt = (offset: number, size: number) =>
        Effect.gen(function* () {
          const within = Math.min(size, length - offset, mostBytes)
          if (within <= 0) return new Uint8Array()
          yield* handle.seek(offset, "start")
          return Option.getOrElse(yield* handle.readAlloc(within), () => new Uint8Array())
        })
      const header = yield* bytesAt(0, headerBytes)
      if (!isElf(header)) return Option.none<Elf>()
      const read = reader(header, header[5] === 1)
      const count = read.u16(0x38)
      const table = yield* bytesAt(read.u64(0x20), count * segmentBytes)
      const segments = segmentsOf(reader(table, read.littleEndian), count)
      const interpreter = segments.find(({ type }) => type === segmentTypes.interpreter)
      const dynamic = segments.find(({ type }) => type === segmentTypes.dynamic)
      const tags =
        dynamic === undefined ? [] : tagsOf(reader(yield* bytesAt(dynamic.offset, dynamic.size), read.littleEndian))
      const strings = stringTable(tags, segments)
      const names = text(strings === undefined ? new Uint8Array() : yield* bytesAt(strings.offset, strings.size))
      const all = (tag: number) => tags.filter((entry) => entry.tag === tag).map(({ value }) => names(value))
      return Option.some<Elf>({
        machine: read.u16(0x12),
        interpreter: interpreter && text(yield* bytesAt(interpreter.offset, interpreter.size))(0),
        needed: all(dynamicTags.needed),
        runPath: [...all(dynamicTags.rpath), ...all(dynamicTags.runPath)].flatMap((path) => path.split(":"))
      })
    })
  )

// internal

const headerBytes = 64

/** The most bytes of one part; a file with a longer one is broken. */
const mostBytes = 1 << 24
const segmentBytes = 56
const segmentTypes = { load: 1, dynamic: 2, interpreter: 3 } as const
const dynamicTags = { needed: 1, stringTable: 5, stringBytes: 10, rpath: 15, runPath: 29 } as const

const isElf = (header: Uint8Array): boolean =>
  header.length === headerBytes &&
  [0x7f, 0x45, 0x4c, 0x46, 2].every((byte, index) => header[index] === byte) &&
  (header[0x36] ?? 0) + (header[0x37] ?? 0) === segmentBytes

const reader = (bytes: Uint8Array, littleEndian: boolean) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    littleEndian,
    bytes: bytes.byteLength,
    u16: (offset: number) => view.getUint16(offset, littleEndian),
    u32: (offset: number) => view.getUint32(offset, littleEndian),
    u64: (offset: number) => Number(view.getBigUint64(offset, littleEndian))
  }
}

type Reader = ReturnType<typeof reader>

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

const segmentsOf = (read: Reader, count: number): ReadonlyArray<Segment> =>
  Array.from({ length: Math.min(count, Math.floor(read.bytes / segmentBytes)) }, (_, index) => {
    const at = index * segmentBytes
    return { type: read.u32(at), offset: read.u64(at + 8), address: read.u64(at + 16), size: read.u64(at + 32) }
  })

const tagsOf = (read: Reader): ReadonlyArray<{ readonly tag: number; readonly value: number }> =>
  Array.from({ length: Math.floor(read.bytes / 16) }, (_, index) => ({
    tag: read.u64(index * 16),
    value: read.u64(index * 16 + 8)
  }))

const stringTable = (
  tags: ReadonlyArray<{ readonly tag: number; readonly value: number }>,
  segments: ReadonlyArray<Segment>
) => {
  const address = tags.find(({ tag }) => tag === dynamicTags.stringTable)?.value
  const size = tags.find(({ tag }) => tag === dynamicTags.stringBytes)?.value
  if (address === undefined || size === undefined) return undefined
  const home = segments.find(
    (segment) =>
      segment.type === segmentTypes.load && segment.address <= address && address < segment.address + segment.size
  )
  return home && { offset: address - home.address + home.offset, size }
}

const text =
  (bytes: Uint8Array) =>
  (offset: number): string => {
    const end = bytes.indexOf(0, offset)
    return new TextDecoder().decode(bytes.subarray(offset, end === -1 ? bytes.length : end))
  }

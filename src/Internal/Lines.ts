/** Cuts bytes into lines of bounded length. A character that is split between two pieces of bytes stays whole. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** The longest line in UTF-16 code units; a longer line comes in pieces. */
export const maxLineLength = 65_536

/** Reads one text from its first to its last byte. */
export interface LineReader {
  /** The lines that are complete with these bytes. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<string>
  /** The last line, if it had no end. */
  readonly end: () => ReadonlyArray<string>
}

/** Starts reading. Lines end with LF or CRLF. After `end` the reader can read another text. */
export const makeLineReader = (longest: number = maxLineLength): LineReader => {
  const decoder = new TextDecoder()
  let rest = ""

  const take = (text: string): ReadonlyArray<string> => {
    const parts = `${rest}${text}`.split("\n")
    const unfinished = cut(parts.pop() ?? "", longest)
    rest = unfinished.pop() ?? ""
    return [...parts.flatMap((line) => cut(withoutReturn(line), longest)), ...unfinished]
  }
  return {
    push: (bytes) => take(decoder.decode(bytes, { stream: true })),
    end: () => {
      const lines = take(decoder.decode())
      const last = withoutReturn(rest)
      rest = ""
      return last === "" ? lines : [...lines, last]
    }
  }
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line)

const cut = (line: string, longest: number): Array<string> => {
  if (line.length <= longest) return [line]
  const pieces: Array<string> = []
  for (let from = 0; from < line.length; ) {
    const to = from + longest - (splitsPair(line, from + longest) ? 1 : 0)
    pieces.push(line.slice(from, to))
    from = to
  }
  return pieces
}

const splitsPair = (text: string, at: number): boolean => {
  const before = text.charCodeAt(at - 1)
  return at < text.length && before >= 0xd800 && before <= 0xdbff
}

/** Feeds a stream to a new reader. */
export const readBy = <A, E>(
  bytes: Stream.Stream<Uint8Array, E>,
  makeReader: () => {
    readonly push: (bytes: Uint8Array) => ReadonlyArray<A>
    readonly end: () => ReadonlyArray<A>
  }
): Stream.Stream<A, E> =>
  Stream.unwrap(
    Effect.sync(() => {
      const reader = makeReader()
      return bytes.pipe(
        Stream.mapConcat((piece) => reader.push(piece)),
        Stream.concat(Stream.suspend(() => Stream.fromChunk(Chunk.fromIterable(reader.end()))))
      )
    })
  )

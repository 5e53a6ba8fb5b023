/** Cuts streams of bytes into lines: UTF-8 over all borders, lines of bounded length. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Longest line in UTF-16 code units; what is longer comes in pieces. */
export const maxLineLength = 65_536

/** Reads one text from its first to its last byte. */
export interface LineReader {
  /** The lines that are complete with these bytes. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<string>
  /** The last line, if it had no end. */
  readonly end: () => ReadonlyArray<string>
}

/** Starts reading. Lines end with LF or CRLF. */
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

/** Longest JSON document of a stream of them. */
const maxDocumentLength = 16_777_216

/** The non-empty lines of a stream of JSON documents. */
export const documents = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E> =>
  readBy(bytes, () => makeLineReader(maxDocumentLength)).pipe(Stream.filter((line) => line.trim() !== ""))

/** Feeds a stream to a reader made for it. */
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

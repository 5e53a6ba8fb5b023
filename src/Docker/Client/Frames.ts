/** Reads the log of a container: frames of two streams, or the raw text of a terminal. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { makeLineReader, maxLineLength } from "../../Internal/Lines.js"
import type { ContainerLogLine } from "./Container.js"

/** Reads one log from its first to its last byte. */
export interface LogReader {
  /** The lines that are complete with these bytes. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<ContainerLogLine>
  /** The last lines, if they had no end. */
  readonly end: () => ReadonlyArray<ContainerLogLine>
}

const headerLength = 8
const longestStamp = 64

/**
 * Reads frames: a header of 8 bytes (stream, three zeros, length) and so many bytes of text, which may be part of a line.
 * With `timestamps` each frame begins with its time. Bytes without frames are text of `stdout`.
 */
export const makeFrameReader = (timestamps: boolean): LogReader => {
  const texts = { stdout: makeText("stdout"), stderr: makeText("stderr") }
  let pending = Buffer.alloc(0)
  let frame: { readonly text: Text; left: number; stamped: boolean } | undefined
  let raw = false

  /** One step; `undefined` when more bytes are needed. */
  const step = (): ReadonlyArray<ContainerLogLine> | undefined => {
    if (raw) return takeAll(texts.stdout)
    if (frame === undefined) return openFrame()
    if (frame.left === 0) {
      frame = undefined
      return []
    }
    if (pending.length === 0) return undefined
    if (!frame.stamped) return readStamp(frame)
    return readText(frame)
  }

  const takeAll = (text: Text) => {
    if (pending.length === 0) return undefined
    const bytes = pending
    pending = Buffer.alloc(0)
    return text.push(bytes)
  }

  const openFrame = (): ReadonlyArray<ContainerLogLine> | undefined => {
    if (pending.length < headerLength) return undefined
    const kind = pending[0]
    if ((kind !== 0 && kind !== 1 && kind !== 2) || pending.readUIntBE(1, 3) !== 0) {
      raw = true
      return []
    }
    frame = {
      text: kind === 2 ? texts.stderr : texts.stdout,
      left: pending.readUInt32BE(4),
      stamped: !timestamps
    }
    pending = pending.subarray(headerLength)
    return []
  }

  const readStamp = (open: NonNullable<typeof frame>): ReadonlyArray<ContainerLogLine> | undefined => {
    const within = pending.subarray(0, Math.min(open.left, longestStamp))
    const space = within.indexOf(0x20)
    if (space < 0 && within.length < Math.min(open.left, longestStamp)) return undefined
    const at = space < 0 ? Option.none() : DateTime.make(within.subarray(0, space).toString("latin1"))
    open.stamped = true
    if (Option.isNone(at)) return []
    open.text.at = DateTime.toUtc(at.value)
    pending = pending.subarray(space + 1)
    open.left -= space + 1
    return []
  }

  const readText = (open: NonNullable<typeof frame>): ReadonlyArray<ContainerLogLine> => {
    const bytes = pending.subarray(0, open.left)
    pending = pending.subarray(bytes.length)
    open.left -= bytes.length
    return open.text.push(bytes)
  }

  return {
    push: (bytes) => {
      pending = pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([pending, bytes])
      const lines: Array<ContainerLogLine> = []
      for (let read = step(); read !== undefined; read = step()) lines.push(...read)
      return lines
    },
    end: () => [...texts.stdout.end(), ...texts.stderr.end()]
  }
}

interface Text extends LogReader {
  at: DateTime.Utc | undefined
}

const makeText = (stream: ContainerLogLine["stream"]): Text => {
  const lines = makeLineReader()
  const text: Text = {
    at: undefined,
    push: (bytes) => lines.push(bytes).map(toLine),
    end: () => lines.end().map(toLine)
  }
  const toLine = (line: string): ContainerLogLine => ({ stream, at: text.at, text: line })
  return text
}

/** Reads the output of a terminal. With `timestamps` each line begins with its time. */
export const makeTerminalReader = (timestamps: boolean): LogReader => {
  const lines = makeLineReader(maxLineLength + longestStamp)
  const toLine = (line: string): ContainerLogLine => {
    const space = timestamps ? line.indexOf(" ") : -1
    const at = space < 0 ? Option.none() : DateTime.make(line.slice(0, space))
    return Option.isNone(at)
      ? { stream: "stdout", at: undefined, text: line }
      : { stream: "stdout", at: DateTime.toUtc(at.value), text: line.slice(space + 1) }
  }
  return { push: (bytes) => lines.push(bytes).map(toLine), end: () => lines.end().map(toLine) }
}

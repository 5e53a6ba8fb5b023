/**
 * The console and the standard streams of a served process as records of its log. A text with line breaks, which a caller may
 * have sent, is one record: it never looks like several.
 */
import { Console } from "node:console"
import { Writable } from "node:stream"
import * as Cause from "effect/Cause"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRefs from "effect/FiberRefs"
import * as HashMap from "effect/HashMap"
import * as List from "effect/List"
import type * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as RunLog from "../Run/Records/RunLog.js"
import * as LogLine from "./LogLine.js"

/** A stream of the process, as far as it is replaced. */
type Stream = Pick<NodeJS.WriteStream, "write">

/** The streams, the console, and the clock of a process. */
export interface Options {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly console: Console
  readonly nowMillis: () => number
  /** Formats an entry as a line. */
  readonly logger: Logger.Logger<unknown, string>
}

/**
 * Makes each call of the console one record, with the run of the fiber that calls, and each write to a stream that has
 * several lines, unless each of them is a record of JSON already. Returns the function that writes a line of the log.
 *
 * **Details**
 *
 * A write of one line that is not too long passes as it is. Native code, and programs that the pipeline starts, write past this.
 */
export const install = ({ console, logger, nowMillis, stderr, stdout }: Options): ((line: string) => void) => {
  const out = stdout.write.bind(stdout)
  const writeLine = (line: string) => void out(`${line}\n`)
  const record = (logLevel: LogLevel.LogLevel) => (text: string) => {
    const entry = entryOf(text, logLevel, new Date(nowMillis()))
    RunLog.keep(entry)
    writeLine(logger.log(entry))
  }
  const info = sink(record(LogLevel.Info))
  const error = new Console({ stdout: info, stderr: sink(record(LogLevel.Error)) })
  const { warn } = new Console({ stdout: info, stderr: sink(record(LogLevel.Warning)) })
  for (const name of methods) Object.assign(console, { [name]: error[name] })
  Object.assign(console, { warn })
  guard(stdout, record(LogLevel.Info))
  guard(stderr, record(LogLevel.Error))
  return writeLine
}

// internal

const methods = [
  ...(["log", "info", "debug", "error", "trace", "dir", "dirxml", "table", "assert", "count", "countReset"] as const),
  ...(["group", "groupCollapsed", "groupEnd", "time", "timeLog", "timeEnd"] as const)
]

/** The console writes each call at once. */
const sink = (record: (text: string) => void): Writable =>
  new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      record(String(chunk).replace(/\n$/, ""))
      done()
    }
  })

/** An entry of the fiber that runs now, if one does: its run is known then. */
const entryOf = (text: string, logLevel: LogLevel.LogLevel, date: Date): Logger.Logger.Options<unknown> => ({
  fiberId: FiberId.none,
  logLevel,
  message: text,
  cause: Cause.empty,
  context: Option.match(Fiber.getCurrentFiber(), {
    onNone: FiberRefs.empty,
    onSome: (fiber) => fiber.getFiberRefs()
  }),
  spans: List.empty(),
  annotations: HashMap.empty(),
  date
})

const guard = (stream: Stream, record: (text: string) => void): void => {
  const write = stream.write.bind(stream) as (...args: ReadonlyArray<unknown>) => boolean
  const guarded = (chunk: unknown, ...rest: ReadonlyArray<unknown>): boolean => {
    const text = textOf(chunk, rest[0])
    if (text === undefined || !(text.length > LogLine.maxBytes() || forges(text))) return write(chunk, ...rest)
    record(text.replace(/\n$/, ""))
    const onWritten = rest.at(-1)
    if (typeof onWritten === "function") queueMicrotask(() => onWritten())
    return true
  }
  Object.assign(stream, { write: guarded })
}

const textOf = (chunk: unknown, encoding: unknown): string | undefined => {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString()
  return typeof chunk === "string" && (typeof encoding !== "string" || /^utf-?8$/i.test(encoding)) ? chunk : undefined
}

/** True for several lines, unless each is an object of JSON: they may be one text. */
const forges = (text: string): boolean => {
  const lines = text.split(/\r?\n|\r/)
  if (lines.at(-1) === "") lines.pop()
  return lines.length > 1 && !lines.every(isRecord)
}

const isRecord = (line: string): boolean => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "object" && value !== null
  } catch {
    return false
  }
}

/**
 * Reads the log of a deployment from its files: the rotated ones, the current one, and the lines that are written later.
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { LogLine } from "../Deployment.js"
import { DeploymentLogsNotFound, type EngineUnavailable } from "../Errors/Lifecycle.js"
import type { Home } from "../Store/Home.js"
import type { LogsOptions } from "./Backend.js"
import { toUnavailable } from "./ErrorText.js"
import type { Instance } from "./Instance.js"
import { orIfMissing, paths } from "./InstanceFiles.js"
import { type LineReader, makeLineReader } from "./LogLines.js"

/**
 * Time between two looks at a followed log.
 *
 * @category constants
 * @since 0.1.0
 */
export const followSchedule: Schedule.Schedule<unknown> = Schedule.spaced("250 millis")

/**
 * `Backend.logs` for instances whose log is the one of `InstanceFiles.paths`.
 *
 * @category reading
 * @since 0.1.0
 */
export const logs =
  (flavor: string) =>
  (
    instance: Instance,
    options: LogsOptions
  ): Stream.Stream<LogLine, DeploymentLogsNotFound | EngineUnavailable, Home | FileSystem.FileSystem> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const { log } = yield* paths(instance)
        const lines = yield* Effect.mapError(readLog(log, options), toUnavailable(flavor, "read a log"))
        if (Option.isSome(lines)) return Stream.mapError(lines.value, toUnavailable(flavor, "read a log"))
        const reason = `the file ${log} does not exist; the deployment was never started`
        return yield* new DeploymentLogsNotFound({ name: instance.name, reason })
      })
    )

/**
 * The lines of a log, oldest first; none if there is no such file. A line without a time of its own has the time of the line
 * before. Following continues over rotations and ends when the folder of the log is removed.
 *
 * @category reading
 * @since 0.1.0
 */
export const readLog = (
  file: string,
  options: LogsOptions
): Effect.Effect<
  Option.Option<Stream.Stream<LogLine, PlatformError, FileSystem.FileSystem>>,
  PlatformError,
  FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const rotated = yield* rotatedFiles(file)
    const size = yield* sizeOf(file)
    if (Option.isNone(size) && rotated.length === 0) return Option.none()
    const position = { offset: Option.getOrElse(size, () => 0n), rotation: yield* rotationOf(file) }
    return Option.some(linesFrom(file, rotated, position, options))
  })

const linesFrom = (file: string, rotated: ReadonlyArray<string>, position: Position, options: LogsOptions) =>
  Stream.suspend(() => {
    const reader = makeLineReader()
    const since = sinceFilter(options.since)
    const written = Stream.fromIterable(rotated).pipe(
      Stream.flatMap((older) => readBytes(older)),
      Stream.concat(readBytes(file, 0n, position.offset)),
      toLines(reader)
    )
    const complete = options.follow === true ? written : Stream.concat(written, lastLine(reader))
    const past = since(complete)
    const kept = options.tail === undefined ? past : lastOnes(past, options.tail)
    return options.follow === true ? Stream.concat(kept, since(follow(file, position, reader))) : kept
  })

const sinceFilter =
  (since: number | undefined) =>
  <E, R>(lines: Stream.Stream<LogLine, E, R>): Stream.Stream<LogLine, E, R> =>
    since === undefined ? lines : Stream.filter(lines, ({ at }) => at !== undefined && at.epochMillis >= since)

const lastOnes = <E, R>(lines: Stream.Stream<LogLine, E, R>, count: number): Stream.Stream<LogLine, E, R> =>
  count < 1 ? Stream.drain(lines) : Stream.unwrap(Effect.map(keepLast(lines, Math.trunc(count)), Stream.fromChunk))

const keepLast = <E, R>(lines: Stream.Stream<LogLine, E, R>, count: number) =>
  Stream.runFold(Stream.chunks(lines), Chunk.empty<LogLine>(), (kept, more) =>
    Chunk.takeRight(Chunk.fromIterable([...kept, ...more]), count)
  )

const toLines =
  (reader: LineReader) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<LogLine, E, R> =>
    Stream.mapConcat(bytes, reader.push)

const lastLine = (reader: LineReader): Stream.Stream<LogLine> => Stream.suspend(() => Stream.fromIterable(reader.end()))

// The end of the last read of a followed file, the newest rotated file at its start, and another one that appeared since.
interface Position {
  readonly offset: bigint
  readonly rotation: string
  readonly suspected?: string
}

interface Look {
  readonly lines: Stream.Stream<LogLine, PlatformError, FileSystem.FileSystem>
  readonly next: Option.Option<Position>
}

const follow = (file: string, start: Position, reader: LineReader) =>
  Stream.unwrap(
    Effect.sync(() => {
      let position = start
      return Stream.fromSchedule(followSchedule).pipe(
        Stream.mapEffect(() => look(file, position, reader)),
        Stream.tap(({ next }) =>
          Effect.sync(() => {
            position = Option.getOrElse(next, () => position)
          })
        ),
        Stream.takeUntil(({ next }) => Option.isNone(next)),
        Stream.flatMap(({ lines }) => lines)
      )
    })
  )

const look = (file: string, position: Position, reader: LineReader) =>
  Effect.gen(function* () {
    const size = yield* sizeOf(file)
    if (Option.isNone(size)) return yield* lookWithoutFile(file, position, reader)
    const rotation = yield* rotationOf(file)
    if (size.value < position.offset) return startOver(file, { offset: size.value, rotation }, position, reader)
    if (rotation === position.rotation) return grown(file, position, size.value, reader)
    if (rotation === position.suspected) return startOver(file, { offset: size.value, rotation }, position, reader)
    return lookAgain(position, rotation)
  })

// A rotation copies the file first and empties it then; at the next read both are done.
const lookAgain = (position: Position, rotation: string): Look => ({
  lines: Stream.empty,
  next: Option.some({ ...position, suspected: rotation })
})

const lookWithoutFile = (file: string, position: Position, reader: LineReader) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const removed = !(yield* fs.exists(Path.dirname(file)))
    const look: Look = removed
      ? { lines: lastLine(reader), next: Option.none() }
      : { lines: Stream.empty, next: Option.some(position) }
    return look
  })

const grown = (file: string, position: Position, size: bigint, reader: LineReader): Look => ({
  lines: size === position.offset ? Stream.empty : readBytes(file, position.offset, size).pipe(toLines(reader)),
  next: Option.some({ rotation: position.rotation, offset: size })
})

// Lines that were not read before the rotation are in the newest rotated file; without one the file was only emptied.
const startOver = (file: string, next: Position, position: Position, reader: LineReader): Look => {
  const missed =
    next.rotation === position.rotation
      ? lastLine(reader)
      : readBytes(rotatedFile(file, 1), position.offset).pipe(toLines(reader))
  return {
    lines: Stream.concat(missed, readBytes(file, 0n, next.offset).pipe(toLines(reader))),
    next: Option.some(next)
  }
}

const sizeOf = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(file)).pipe(
    Effect.map(({ size }) => Option.some<bigint>(size)),
    orIfMissing(Option.none<bigint>())
  )

const rotatedFile = (file: string, number: number): string => `${file}.${number}`

const rotationOf = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(rotatedFile(file, 1))).pipe(
    Effect.map(({ ino, mtime, size }) =>
      [Option.getOrElse(ino, () => 0), size, Option.match(mtime, { onNone: () => 0, onSome: Number })].join(" ")
    ),
    orIfMissing("")
  )

const rotatedFiles = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = Path.dirname(file)
    const prefix = `${Path.basename(file)}.`
    const names = yield* fs.readDirectory(folder).pipe(orIfMissing<ReadonlyArray<string>>([]))
    return names
      .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .sort((a, b) => Number(b.slice(prefix.length)) - Number(a.slice(prefix.length)))
      .map((name) => Path.join(folder, name))
  })

const readBytes = (file: string, from = 0n, to?: bigint) =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (fs) =>
      fs.stream(file, { offset: from, ...(to === undefined ? {} : { bytesToRead: to - from }) })
    )
  ).pipe(
    Stream.catchSome((error) =>
      error._tag === "SystemError" && error.reason === "NotFound" ? Option.some(Stream.empty) : Option.none()
    )
  )

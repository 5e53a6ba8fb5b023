import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Chunk, Effect, Fiber, Option, Queue, Stream, TestClock } from "effect"
import type { LogsOptions } from "../../src/Flavor/Backend.js"
import { readLog } from "../../src/Flavor/LogReader.js"

const logFile = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = `${yield* fs.makeTempDirectoryScoped()}/deployment`
  yield* fs.makeDirectory(folder)
  return `${folder}/service.log`
})

const write = (file: string, content: string, flag: "w" | "a" = "a") =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(file, content, { flag }))

const texts = (file: string, options: LogsOptions = {}) =>
  readLog(file, options).pipe(
    Effect.map(Option.getOrThrow),
    Effect.flatMap(Stream.runCollect),
    Effect.map((lines) => Chunk.toReadonlyArray(lines).map(({ text }) => text))
  )

const copyThenTruncate = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.copyFile(file, `${file}.1`)
    yield* fs.truncate(file)
  })

const look = Effect.zipRight(
  TestClock.adjust("250 millis"),
  // Real files are read in the turns that follow.
  Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))
)

/** A followed log: takes its next lines, lets it poll once more, returns the lines that were not taken. */
const following = (file: string, options: LogsOptions = {}) =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<string>()
    const lines = Option.getOrThrow(yield* readLog(file, { ...options, follow: true }))
    const fiber = yield* Effect.forkScoped(Stream.runForEach(lines, ({ text }) => Queue.offer(queue, text)))
    return {
      fiber,
      look,
      take: (count: number) =>
        Effect.gen(function* () {
          const taking = yield* Effect.fork(Queue.takeN(queue, count))
          while ((yield* Fiber.poll(taking))._tag === "None") yield* look
          return Chunk.toReadonlyArray(yield* Fiber.join(taking))
        }),
      rest: Effect.map(Queue.takeAll(queue), Chunk.toReadonlyArray)
    }
  })

describe("readLog", () => {
  layer(NodeFileSystem.layer)((it) => {
    it.scoped("is none without a file", () =>
      Effect.gen(function* () {
        assert.isTrue(Option.isNone(yield* readLog(yield* logFile, {})))
      })
    )

    it.scoped("reads rotated files first, the oldest foremost, and joins lines cut by rotation", () =>
      Effect.gen(function* () {
        const file = yield* logFile
        yield* write(`${file}.10`, "0\n")
        yield* write(`${file}.2`, "1\n2\n")
        yield* write(`${file}.1`, "3\nfo")
        yield* write(file, "ur\n5")
        yield* write(`${file}.bak`, "no\n")
        assert.deepStrictEqual(yield* texts(file), ["0", "1", "2", "3", "four", "5"])
        assert.deepStrictEqual(yield* texts(file, { tail: 2 }), ["four", "5"])
        assert.deepStrictEqual(yield* texts(file, { tail: 0 }), [])
        assert.deepStrictEqual(yield* texts(file, { tail: 1 }), ["5"])
      })
    )

    it.scoped("reads a log that a crash cut within a line and a character, and the lines behind the damage", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const file = yield* logFile
        const cut = Buffer.concat([
          Buffer.from('{"message":"wh\u00f6le"}\n{"message":"h\u00f6').subarray(0, -1),
          Buffer.alloc(64)
        ])
        yield* fs.writeFile(`${file}.1`, cut)
        yield* fs.writeFile(file, Buffer.concat([cut, Buffer.from("\nnext\n")]))
        const lines = yield* texts(file)
        assert.lengthOf(lines, 4)
        assert.deepStrictEqual([lines[0], lines.at(-1)], ['{"message":"wh\u00f6le"}', "next"])
        assert.deepStrictEqual(yield* texts(file, { tail: 1 }), ["next"])
        yield* fs.truncate(file)
        assert.strictEqual((yield* texts(file))[0], '{"message":"wh\u00f6le"}')
      })
    )

    it.scoped("gives lines since a time, those without one by the line before", () =>
      Effect.gen(function* () {
        const file = yield* logFile
        yield* write(
          file,
          'lost\n{"timestamp":"2026-01-01T00:00:00Z"}\nold\n{"timestamp":"2026-01-02T00:00:00Z"}\nnew\n'
        )
        const since = Date.UTC(2026, 0, 2)
        assert.deepStrictEqual(yield* texts(file, { since }), ['{"timestamp":"2026-01-02T00:00:00Z"}', "new"])
        assert.deepStrictEqual(yield* texts(file, { since, tail: 1 }), ["new"])
        assert.deepStrictEqual(yield* texts(file, { since: since + 1 }), [])
      })
    )

    it.scoped("follows what is written, waiting for the end of a line", () =>
      Effect.gen(function* () {
        const file = yield* logFile
        yield* write(file, "a\nb\nc")
        const log = yield* following(file, { tail: 1 })
        assert.deepStrictEqual(yield* log.take(1), ["b"])
        yield* write(file, "c\nd\n")
        assert.deepStrictEqual(yield* log.take(2), ["cc", "d"])
        assert.deepStrictEqual(yield* log.rest, [])
      })
    )

    it.scoped("starts over when the file was emptied", () =>
      Effect.gen(function* () {
        const file = yield* logFile
        yield* write(file, "one\ntwo\nhal")
        const log = yield* following(file)
        assert.deepStrictEqual(yield* log.take(2), ["one", "two"])
        yield* write(file, "new\n", "w")
        assert.deepStrictEqual(yield* log.take(2), ["hal", "new"])
      })
    )

    it.scoped("loses and repeats nothing when the file is rotated between two looks", () =>
      Effect.gen(function* () {
        const file = yield* logFile
        yield* write(`${file}.1`, "ancient, and longer than the current file\n")
        yield* write(file, "one\n")
        const log = yield* following(file, { tail: 1 })
        assert.deepStrictEqual(yield* log.take(1), ["one"])
        yield* write(file, "two\nthr")
        yield* copyThenTruncate(file)
        yield* write(file, "ee\n")
        assert.deepStrictEqual(yield* log.take(2), ["two", "three"])
        yield* write(file, "four\n")
        assert.deepStrictEqual(yield* log.take(1), ["four"])
      })
    )

    it.scoped("notices a rotation although the file is longer again than what was read", () =>
      Effect.gen(function* () {
        const file = yield* logFile
        yield* write(file, "one\n")
        const log = yield* following(file)
        assert.deepStrictEqual(yield* log.take(1), ["one"])
        yield* write(file, "two\n")
        yield* copyThenTruncate(file)
        yield* write(file, "a line that is longer than all before\n")
        assert.deepStrictEqual(yield* log.take(2), ["two", "a line that is longer than all before"])
        assert.deepStrictEqual(yield* log.rest, [])
      })
    )

    it.scoped("repeats nothing when it looks while the file is being rotated", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const file = yield* logFile
        yield* write(file, "one\n")
        const log = yield* following(file)
        assert.deepStrictEqual(yield* log.take(1), ["one"])
        yield* fs.copyFile(file, `${file}.1`)
        yield* log.look
        yield* fs.truncate(file)
        yield* write(file, "two\n")
        assert.deepStrictEqual(yield* log.take(1), ["two"])
        assert.deepStrictEqual(yield* log.rest, [])
      })
    )

    it.scoped("stops following when the folder is removed", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const file = yield* logFile
        yield* write(file, "one\nunfinished")
        const log = yield* following(file)
        assert.deepStrictEqual(yield* log.take(1), ["one"])
        yield* fs.remove(file.replace(/\/service\.log$/, ""), { recursive: true })
        assert.deepStrictEqual(yield* log.take(1), ["unfinished"])
        yield* Fiber.join(log.fiber)
      })
    )

    it.scoped("reads a long log with bounded memory for its tail", () =>
      Effect.gen(function* () {
        const file = yield* logFile
        yield* write(file, Array.from({ length: 100_000 }, (_, index) => `line ${index}\n`).join(""))
        assert.deepStrictEqual(yield* texts(file, { tail: 2 }), ["line 99998", "line 99999"])
      })
    )
  })
})

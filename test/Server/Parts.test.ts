import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Config,
  type ConfigProvider,
  Deferred,
  Effect,
  Either,
  Exit,
  FastCheck,
  Fiber,
  Layer,
  Logger,
  Redacted,
  Schema
} from "effect"
import { Pipeline } from "effect-deployers"
import { Auth, Entrypoint, Secrets, Serve, Signals } from "effect-deployers/Server"
import { Endpoint } from "../../src/Contract/Manifest.js"
import * as Log from "../../src/Server/Process/Log.js"
import * as LogRotation from "../../src/Server/Process/LogRotation.js"
import * as RunRecorder from "../../src/Server/Run/Records/RunRecorder.js"
import * as SafeJson from "../../src/Server/Run/SafeJson.js"
import * as Ids from "../../src/Store/Ids.js"
import { Run, RunStore } from "../../src/Store/RunStore.js"
import { Breaker, fragile, memory, quiet } from "./Harness.js"
import { manifestTest } from "./Manifest.js"
import { weather } from "./Pipelines.js"

describe("Auth", () => {
  it("G01: accepts each of several keys and nothing else", () => {
    const keys = ["one", "two"].map((key) => ({ id: key, digest: Auth.digest(key), scopes: ["admin"] as const }))
    const find = Auth.make(keys)
    const headers = [
      "Bearer one",
      "bearer two",
      "Bearer two",
      "Bearer three",
      "Bearer ",
      undefined,
      "one",
      "Bearer one"
    ]
    assert.deepStrictEqual(
      headers.map((header) => find(header)?.key.id),
      ["one", "two", "two", undefined, undefined, undefined, undefined, "one"]
    )
  })
})

describe("JsonText", () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  it("F10 G28: scans a million brackets without recursion", () => {
    assert.isTrue(Either.isLeft(SafeJson.parse(bytes("[".repeat(1_000_000)), 64)))
  })
  it("does not count brackets in strings", () => {
    assert.isFalse(SafeJson.isDeeperThan('["[[[[", "\\"[[[", "\\\\"]', 1))
    assert.isTrue(SafeJson.isDeeperThan('["\\\\", [1]]', 1))
  })
  const only = (text: string) => SafeJson.onlyMember(Either.getOrThrow(SafeJson.parse(bytes(text), 64)), "a")
  it("gives the text of an only member as it was sent", () => {
    assert.strictEqual(only('{"a":{"b":[1,"}"]}}'), '{"b":[1,"}"]}')
    assert.strictEqual(only(' { "a" : "x y" } '), '"x y"')
    assert.strictEqual(only('{"a":1.50}'), "1.50")
  })
  it.each([
    ["another member", '{"a":1,"b":2}'],
    ["the name below", '{"a":{"a":1}}'],
    ["the name as a value", '{"a":"a"}'],
    ["only another member", '{"b":"a"}'],
    ["escapes", '{"a":"\\n"}'],
    ["several lines", '{"a":\n1}'],
    ["no object", '["a"]'],
    ["none", "{}"]
  ])("has no text of an only member where there is %s", (_, text) => {
    assert.isUndefined(only(text))
  })
  it("gives a text that stands for the member of every body", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.jsonValue(),
        FastCheck.dictionary(
          FastCheck.string().filter((name) => name !== "__proto__"),
          FastCheck.jsonValue()
        ),
        (a, more) => {
          const sent = JSON.stringify({ a, ...more })
          // A name that is refused, such as __proto__ at any depth.
          FastCheck.pre(Either.isRight(SafeJson.parse(bytes(sent), 64)))
          const text = only(sent)
          if (text !== undefined) assert.deepStrictEqual(JSON.parse(text), JSON.parse(sent).a)
        }
      )
    )
  })
})

const run = (index: number, status: Run["status"] = "succeeded") =>
  Schema.decodeSync(Run)({
    id: `01900000-0000-7000-8000-00000000000${index}`,
    index,
    name: `run-${index}`,
    status,
    parameters: {},
    startedAt: "2026-01-01T00:00:00.000Z",
    steps: []
  })

describe("RunRecorder", () => {
  const recorder = Layer.provideMerge(RunRecorder.layer, fragile).pipe(Layer.provide(quiet))
  it.live("writes start and end of a quick run as one, and everything of a turn together", () =>
    Effect.gen(function* () {
      const batches: Array<number> = []
      const breaker = yield* Breaker
      yield* breaker.set((batch) => {
        batches.push(batch.length)
        return false
      })
      const { commit, offer } = yield* RunRecorder.RunRecorder
      offer(run(1, "running"))
      yield* Effect.all([commit(run(1)), commit(run(2)), commit(run(3))], { concurrency: "unbounded" })
      assert.deepStrictEqual(batches, [3])
      assert.strictEqual((yield* (yield* RunStore).counts).succeeded, 3)
    }).pipe(Effect.provide(recorder))
  )
  it.live("one record that cannot be stored does not fail its neighbours", () =>
    Effect.gen(function* () {
      const breaker = yield* Breaker
      yield* breaker.set((batch) => JSON.stringify(batch).includes("run-2"))
      const { commit } = yield* RunRecorder.RunRecorder
      const exits = yield* Effect.all(
        [1, 2, 3].map((n) => Effect.exit(commit(run(n)))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
    }).pipe(Effect.provide(recorder))
  )
  it.live("stores what failed when the store works again", () =>
    Effect.gen(function* () {
      const breaker = yield* Breaker
      yield* breaker.set(() => true)
      const { commit, isHealthy } = yield* RunRecorder.RunRecorder
      assert.strictEqual((yield* Effect.flip(commit(run(1))))._tag, "ServiceUnavailable")
      assert.isFalse(isHealthy())
      yield* breaker.set(() => false)
      yield* Effect.repeat(Effect.delay(Effect.sync(isHealthy), "20 millis"), { until: (healthy) => healthy })
      assert.strictEqual((yield* (yield* RunStore).counts).succeeded, 1)
    }).pipe(Effect.provide(recorder))
  )
})

const files = <A, E>(use: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, FileSystem.FileSystem>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* use(yield* fs.makeTempDirectoryScoped(), fs)
  }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

describe("Log", () => {
  it("G19: writes one line of JSON for each entry, with hostile texts, too", () => {
    const lines: Array<string> = []
    const log = Logger.replace(
      Logger.defaultLogger,
      Logger.map(Log.logger, (line) => void lines.push(line))
    )
    const texts = FastCheck.oneof(
      FastCheck.string({ unit: "binary" }),
      FastCheck.constantFrom('"}\n{"level":"FATAL"}', "a\r\nb", "\u001b[2J", "\u2028", "\0", "\ud800")
    )
    const pairs = FastCheck.sample(FastCheck.tuple(texts, texts), 100)
    Effect.forEach(pairs, ([text, given]) => Effect.annotateLogs(Effect.log(text), { given }), { discard: true }).pipe(
      Effect.provide(log),
      Effect.runSync
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    for (const line of lines) assert.notMatch(line, /[\u0000-\u001f]/)
    assert.deepStrictEqual(
      lines.map((line) => JSON.parse(line)).map(({ given, message }) => [message, given]),
      pairs.map(([text, given]) => [text, given])
    )
  })
})

describe("LogRotation", () => {
  it.effect("copies, then cuts, and keeps so many older files", () =>
    files((folder, fs) =>
      Effect.gen(function* () {
        const log = { file: `${folder}/log`, maxBytes: 10, keep: 2 }
        const write = (text: string) => fs.writeFileString(log.file, text, { flag: "a" })
        yield* write("short")
        assert.isFalse(yield* LogRotation.rotate(log))
        for (const text of ["-first-log", "-second-log", "-third-log-"]) {
          yield* write(text)
          assert.isTrue(yield* LogRotation.rotate(log))
        }
        assert.deepStrictEqual((yield* fs.readDirectory(folder)).sort(), ["log", "log.1", "log.2"])
        assert.strictEqual(yield* fs.readFileString(log.file), "")
        assert.strictEqual(yield* fs.readFileString(`${log.file}.1`), "-third-log-")
        assert.strictEqual(yield* fs.readFileString(`${log.file}.2`), "-second-log")
      })
    )
  )
  it.effect("keeps no older files when `keep` is 0, and survives a missing file", () =>
    files((folder, fs) =>
      Effect.gen(function* () {
        const log = { file: `${folder}/log`, maxBytes: 1, keep: 0 }
        assert.isFalse(yield* LogRotation.rotate(log))
        yield* fs.writeFileString(log.file, "too long")
        assert.isTrue(yield* LogRotation.rotate(log))
        assert.deepStrictEqual(yield* fs.readDirectory(folder), ["log"])
      })
    ).pipe(Effect.provide(quiet))
  )
})

describe("Secrets", () => {
  it.effect("come from files first, then from the environment", () =>
    files((folder, fs) =>
      Effect.gen(function* () {
        yield* fs.writeFileString(`${folder}/API_TOKEN`, "from-file")
        yield* fs.writeFileString(`${folder}/.hidden`, "no")
        const provider = yield* Secrets.configProvider(folder)
        const read = <A>(config: Config.Config<A>) => Effect.withConfigProvider(config, provider)
        assert.strictEqual(Redacted.value(yield* read(Config.redacted("API_TOKEN"))), "from-file")
        assert.strictEqual(yield* read(Config.nested(Config.string("TOKEN"), "API")), "from-file")
        assert.isNotEmpty(yield* read(Config.string("PATH")))
        assert.strictEqual(
          yield* Effect.flip(read(Config.string("NO_SUCH_NAME"))).pipe(Effect.map(() => "none")),
          "none"
        )
      })
    )
  )
  it.effect("without a folder are the environment", () =>
    files(() =>
      Effect.flatMap(Secrets.configProvider(undefined), (provider: ConfigProvider.ConfigProvider) =>
        Effect.map(Effect.withConfigProvider(Config.string("PATH"), provider), (path) => assert.isNotEmpty(path))
      )
    )
  )
})

describe("Entrypoint", () => {
  const describeModule = (module: Record<string, unknown>, exportName?: string) =>
    Effect.map(Entrypoint.describe({ module, exportName, file: "m.ts" }), (line) => JSON.parse(line))
  const other = Pipeline.make("other", { input: Schema.Struct({}), output: Schema.Void, run: () => Effect.void })

  it.effect("describes the only pipeline", () =>
    Effect.gen(function* () {
      const line = yield* describeModule({ default: weather, helper: 1, weather })
      assert.strictEqual(line._tag, "Described")
      assert.strictEqual(line.export, "weather")
      assert.strictEqual(line.spec.name, "weather")
      assert.deepStrictEqual(line.spec.input.required, ["city"])
    })
  )
  it.effect("says which exports there are", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* describeModule({}), { _tag: "PipelineExportNotFound", file: "m.ts", pipelines: [] })
      assert.deepStrictEqual(yield* describeModule({ a: weather, b: other }), {
        _tag: "PipelineExportNotFound",
        file: "m.ts",
        pipelines: ["a", "b"]
      })
      assert.deepStrictEqual(yield* describeModule({ a: weather }, "b"), {
        _tag: "PipelineExportNotFound",
        file: "m.ts",
        export: "b",
        pipelines: ["a"]
      })
      assert.strictEqual((yield* describeModule({ a: weather }, "toString"))._tag, "PipelineExportNotFound")
      assert.deepStrictEqual(yield* describeModule({ a: weather, f: () => 1 }, "f"), {
        _tag: "PipelineExportInvalid",
        file: "m.ts",
        export: "f",
        found: "a function"
      })
    })
  )
  it.effect("names the field that has no JSON form", () =>
    Effect.gen(function* () {
      const line = yield* describeModule({
        p: Pipeline.make("p", {
          input: Schema.Struct({ deep: Schema.Array(Schema.Struct({ when: Schema.DateFromSelf })) }),
          output: Schema.Void,
          run: () => Effect.void
        })
      })
      assert.deepStrictEqual(line, {
        _tag: "PipelineSchemaUnsupported",
        pipeline: "p",
        schema: "input",
        path: "deep.*.when",
        reason: "DateFromSelf is not JSON"
      })
    })
  )
  it.live("a bad or missing manifest is exit code 78, a module without the pipeline 70", () =>
    files((folder, fs) =>
      Effect.gen(function* () {
        const module = { weather }
        assert.strictEqual(yield* Entrypoint.serve({ module, file: "m.ts" }, `${folder}/none`), 78)
        yield* fs.writeFileString(`${folder}/bad`, '{"formatVersion":2}')
        assert.strictEqual(yield* Entrypoint.serve({ module, file: "m.ts" }, `${folder}/bad`), 78)
        yield* fs.writeFileString(`${folder}/good`, JSON.stringify(manifestTest(weather)))
        assert.strictEqual(yield* Entrypoint.serve({ module: {}, file: "m.ts" }, `${folder}/good`), 70)
      })
    ).pipe(Effect.provide(quiet))
  )
})

describe("Serve.run", () => {
  it.live("writes the endpoint file for its owner, serves, and returns the exit code of its end", () =>
    files((folder, fs) =>
      Effect.gen(function* () {
        const ending = yield* Deferred.make<Signals.Ending>()
        const endpointFile = `${folder}/endpoint.json`
        const running = yield* Effect.fork(
          Serve.run(weather, { ...manifestTest(weather), endpointFile }).pipe(
            Effect.provide([memory(), Ids.layer, quiet]),
            Effect.provideService(Signals.Signals, {
              ending: Deferred.await(ending),
              handleUncaught: () => Effect.void
            })
          )
        )
        const text = yield* Effect.retry(fs.readFileString(endpointFile), { times: 5_000 })
        const endpoint = yield* Schema.decode(Schema.parseJson(Endpoint))(text)
        assert.deepStrictEqual([endpoint.pid, endpoint.generation], [process.pid, 1])
        assert.strictEqual((yield* fs.stat(endpointFile)).mode & 0o777, 0o600)
        assert.deepStrictEqual(yield* fs.readDirectory(folder), ["endpoint.json"])
        const ready = yield* Effect.promise(() => fetch(`http://127.0.0.1:${endpoint.port}/health/live`))
        assert.strictEqual(ready.status, 200)
        yield* Deferred.succeed(ending, { reason: "SIGTERM", exitCode: 143 })
        assert.strictEqual(yield* Fiber.join(running), 143)
      })
    )
  )
})

import { Console } from "node:console"
import { Writable } from "node:stream"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { CurrentRun } from "../../../src/Run.js"
import * as ConsoleRecords from "../../../src/Server/Process/ConsoleRecords.js"
import * as Log from "../../../src/Server/Process/Log.js"
import * as LogLine from "../../../src/Server/Process/LogLine.js"

/** A process with its streams and its console, whose log is a text. */
const makeProcess = () => {
  const log = { text: "" }
  const stream = () => ({
    write: (chunk: string | Uint8Array, ...rest: ReadonlyArray<unknown>) => {
      log.text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()
      const done = rest.at(-1)
      if (typeof done === "function") done()
      return true
    }
  })
  const [stdout, stderr] = [stream(), stream()]
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  const console = new Console(sink)
  const write = ConsoleRecords.install({
    stdout,
    stderr,
    console,
    nowMillis: () => 0,
    logger: Log.logger
  })
  const records = (): ReadonlyArray<Record<string, unknown>> =>
    log.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
  return { log, stdout, stderr, console, write, records }
}

const forged = '{"timestamp":"2026-01-01T00:00:00.000Z","level":"FATAL","message":"forged"}'

const messages = (records: ReadonlyArray<Record<string, unknown>>) =>
  records.map(({ level, message }) => [level, message])

describe("the console of a service", () => {
  afterEach(() => LogLine.setMaxBytes(65_536))

  it("G19: makes one record of each call, with any text of a caller", () => {
    const { console, records } = makeProcess()
    const texts = [`a\n${forged}`, forged, `\r\n${forged}\r\n`, `\u2028${forged}`, "", "\n", "\u001b[2Jx", "%s %d"]
    for (const text of texts) {
      console.log(text)
      console.error(text)
      console.warn(text)
    }
    assert.deepStrictEqual(
      messages(records()),
      texts.flatMap((text) => ["INFO", "ERROR", "WARN"].map((level) => [level, text]))
    )
  })

  it("makes one record of a call with values, tables, groups and traces", () => {
    const { console, records } = makeProcess()
    console.log("n is %d", 1, { a: [1, { b: "x\ny" }] })
    console.group(`group\n${forged}`)
    console.info(`in\nside`)
    console.groupEnd()
    console.table([{ a: 1 }, { a: 2 }])
    console.dir({ a: 1 })
    console.assert(false, `not\n${forged}`)
    console.trace(`here\n${forged}`)
    assert.strictEqual(records().length, 7)
    assert.deepStrictEqual(records()[0]?.["message"], "n is 1 { a: [ 1, { b: 'x\\ny' } ] }")
    assert.notInclude(
      records().map(({ message }) => message),
      "forged"
    )
  })

  it("G19: makes one record of a write with several lines, unless each is a record", () => {
    const { log, records, stderr, stdout } = makeProcess()
    let written = 0
    stdout.write(`plain\n${forged}\n`, () => written++)
    stderr.write(Buffer.from(`{"a":1}\nand\n${forged}`), () => written++)
    stdout.write(`\r${forged}\n`)
    assert.deepStrictEqual(messages(records()), [
      ["INFO", `plain\n${forged}`],
      ["ERROR", `{"a":1}\nand\n${forged}`],
      ["INFO", `\r${forged}`]
    ])
    const before = log.text
    stdout.write("one line\n")
    stdout.write('{"a":1}\n{"b":2}\n')
    stdout.write("a part")
    assert.strictEqual(log.text.slice(before.length), 'one line\n{"a":1}\n{"b":2}\na part')
    return Promise.resolve().then(() => assert.strictEqual(written, 2))
  })

  it("cuts long lines, with a mark, and keeps them JSON", () => {
    const { console, records, stdout, write } = makeProcess()
    LogLine.setMaxBytes(2_000)
    const long = ["x".repeat(200_000_000), "€".repeat(10_000), '\u0001"'.repeat(10_000), { text: "v".repeat(100_000) }]
    for (const value of long) console.log(value)
    stdout.write(`${"y".repeat(10_000)}\n`)
    Effect.logError("short", { detail: "z".repeat(10_000), list: new Array(10_000).fill(1) }).pipe(
      Effect.annotateLogs({ errorId: "0190a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b", other: "w".repeat(5_000) }),
      Effect.provide(Logger.replace(Logger.defaultLogger, Logger.map(Log.logger, write))),
      Effect.runSync
    )
    assert.strictEqual(records().length, long.length + 2)
    for (const record of records()) {
      assert.isAtMost(Buffer.byteLength(JSON.stringify(record)), 2_000)
      assert.isTrue(record["cut"])
      assert.match(JSON.stringify(record), /\(cut\)/)
    }
    assert.strictEqual(records().at(-1)?.["errorId"], "0190a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b")
    assert.include(String(records().at(-1)?.["message"]), "short")
    LogLine.setMaxBytes(65_536)
    console.log("x".repeat(60_000))
    assert.isUndefined(records().at(-1)?.["cut"])
  })

  it("names the run of the fiber that calls", () => {
    const { console, records } = makeProcess()
    const listener = {
      info: { id: "run-1", name: "n", deploymentName: "d" },
      stepStarted: () => ({ ended: () => Effect.void }),
      published: () => Effect.void
    }
    Effect.runSync(
      Effect.provideService(
        Effect.sync(() => console.log("within")),
        CurrentRun,
        listener
      )
    )
    console.log("outside")
    assert.deepStrictEqual(
      records().map(({ message, runId }) => [message, runId]),
      [
        ["within", "run-1"],
        ["outside", undefined]
      ]
    )
  })
})

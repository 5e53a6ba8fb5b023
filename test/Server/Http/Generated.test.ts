import { HttpApp } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, FastCheck, Layer, ManagedRuntime, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Server } from "effect-deployers/Server"
import * as Runs from "../../../src/Store/Runs.js"
import { key, quiet, raw, served, statusOf } from "../Harness.js"
import { settingsOf } from "./AppServer.js"

interface Tree {
  readonly value: number
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Schema<Tree> = Schema.Struct({
  value: Schema.Int,
  children: Schema.Array(Schema.suspend((): Schema.Schema<Tree> => Tree))
})

const Shape = Schema.Union(
  Schema.Struct({ type: Schema.Literal("circle"), radius: Schema.Number }),
  Schema.Struct({ type: Schema.Literal("square"), side: Schema.optional(Schema.Number) })
)

/** Parts of every kind: compiled ones, transformations, filters, defaults, unions, records, recursion and unknown values. */
const Plain = Schema.Struct({
  n: Schema.Number,
  name: Schema.String.pipe(Schema.minLength(1), Schema.maxLength(40)),
  shape: Shape,
  record: Schema.Record({ key: Schema.String, value: Schema.Union(Schema.String, Schema.Number, Schema.Boolean) }),
  any: Schema.optional(Schema.Unknown),
  pair: Schema.optional(Schema.Tuple(Schema.Int, Schema.NullOr(Schema.String))),
  tree: Schema.optional(Tree)
})
const Rich = Schema.Struct({
  ...Plain.fields,
  at: Schema.optional(Schema.Date),
  time: Schema.optional(Schema.DateTimeUtc),
  big: Schema.optional(Schema.BigInt),
  text: Schema.optional(Schema.NumberFromString),
  unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const })
})

const echoes = [
  Pipeline.make("plain", { input: Plain, output: Plain, run: (input) => Effect.succeed(input) }),
  Pipeline.make("rich", { input: Rich, output: Rich, run: (input) => Effect.succeed(input) })
]

const odd = [
  "1e999",
  "-1e-999",
  "9007199254740993",
  "-0",
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '"2026-02-30"',
  '"2026-02-30T00:00:00Z"',
  "null",
  "[]",
  "{}",
  "true",
  '"NaN"',
  "[[[[[[[[[[]]]]]]]]]]",
  '{"toJSON":1}',
  '{"toString":null}',
  '{"length":-1}',
  '"\ufeff"',
  '"\u2028"',
  "1E5"
]

/** Changes of a text: a part is cut, doubled, replaced by another character or by an odd value. */
const mutated = (texts: FastCheck.Arbitrary<string>): FastCheck.Arbitrary<string> =>
  FastCheck.tuple(
    texts,
    FastCheck.array(
      FastCheck.tuple(
        FastCheck.constantFrom("cut", "double", "character", "odd", "value"),
        FastCheck.nat(5_000),
        FastCheck.nat(20),
        FastCheck.string({ unit: "binary", minLength: 1, maxLength: 2 }),
        FastCheck.constantFrom(...odd)
      ),
      { maxLength: 3 }
    )
  ).map(([text, changes]) =>
    changes.reduce((before, [kind, place, length, character, value]) => {
      const at = before.length === 0 ? 0 : place % before.length
      const [left, middle, right] = [before.slice(0, at), before.slice(at, at + length), before.slice(at + length)]
      if (kind === "cut") return left + right
      if (kind === "double") return left + middle + middle + right
      if (kind === "character") return left + character + before.slice(at + 1)
      if (kind === "odd") return left + value + right
      return before.replace(/:("[^"]*"|-?\d+)/, `:${value.replaceAll("$", "$$$$")}`)
    }, text)
  )

const bodies = (schema: Schema.Schema.AnyNoContext) => {
  const encode = Schema.encodeSync(schema)
  const fitting = Arbitrary.make(Schema.typeSchema(schema)).map((value) => encode(value))
  const parameters = FastCheck.oneof({ weight: 4, arbitrary: fitting }, FastCheck.jsonValue())
  const extra = FastCheck.constantFrom(
    {},
    {},
    { runName: "x" },
    { timeoutMillis: 0 },
    { more: 1 },
    { skipArtifacts: true }
  )
  // Generating from a Schema takes longer than a request, so that mutations share some hundred bodies.
  const bodies = FastCheck.tuple(parameters, extra).map(([parameters, extra]) =>
    JSON.stringify({ parameters, ...extra })
  )
  const texts = FastCheck.constantFrom(...FastCheck.sample(bodies, 500))
  return FastCheck.oneof({ weight: 1, arbitrary: texts }, { weight: 3, arbitrary: mutated(texts) }, FastCheck.json())
}

const headers = FastCheck.record({
  "content-type": FastCheck.constantFrom("application/json", "application/json; charset=utf-8", "text/plain", ""),
  accept: FastCheck.constantFrom("*/*", "application/json", "text/event-stream", "text/html;q=0"),
  prefer: FastCheck.constantFrom("", "respond-async", "wait=5"),
  "idempotency-key": FastCheck.constantFrom("", "a", "\u00ff")
})
const usual = { "content-type": "application/json" }
const requests = (schema: Schema.Schema.AnyNoContext) =>
  FastCheck.tuple(bodies(schema), FastCheck.oneof({ weight: 5, arbitrary: FastCheck.constant(usual) }, headers))

const inputs = 20_000

describe("F08 F09 F11 F29 G17: generated inputs", () => {
  it.live.each(echoes)(
    "$name: none is a 5xx, and what succeeds comes back as it was sent",
    (pipeline) =>
      Effect.gen(function* () {
        const runtime = ManagedRuntime.make(Layer.mergeAll(Runs.layerNone, quiet))
        yield* Effect.addFinalizer(() => runtime.disposeEffect)
        const settings = { ...settingsOf({ serving: { recording: "none", maxBodyBytes: 20_000, maxJsonDepth: 16 } }) }
        const scoped = yield* Effect.provide(Server.httpApp(pipeline, settings), yield* runtime.runtimeEffect)
        const handle = HttpApp.toWebHandlerRuntime(yield* runtime.runtimeEffect)(scoped)
        const statuses = new Map<number, number>()
        const property = FastCheck.asyncProperty(requests(pipeline.input), async ([body, headers]) => {
          const response = await handle(new Request("http://localhost/invoke", { method: "POST", headers, body }))
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
          const text = await response.text()
          assert.isBelow(response.status, 500, text)
          if (response.status === 200 && response.headers.get("content-type")?.includes("json") === true) {
            const { metadata, outputs } = JSON.parse(text)
            assert.deepStrictEqual(outputs, metadata.parametersUsed)
          }
        })
        yield* Effect.promise(() => FastCheck.assert(property, { numRuns: inputs / echoes.length, endOnFailure: true }))
        assert.isUndefined(({} as { polluted?: unknown }).polluted)
        assert.isAbove(statuses.get(200) ?? 0, 100)
        assert.isAbove(statuses.get(400) ?? 0, 100)
      }).pipe(Effect.scoped),
    1_800_000
  )
})

const strangers = Number(process.env["EFFECT_DEPLOYERS_REQUESTS"] ?? 1_000)

/** Requests to what needs a key, byte for byte. */
const lines = FastCheck.tuple(
  FastCheck.constantFrom("GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT", "TRACE", "get", "P OST"),
  FastCheck.constantFrom(
    "/invoke",
    "/runs",
    "/runs/1",
    "/runs/1/cancel",
    "/runs/1/events",
    "//invoke",
    "/%69nvoke",
    "*"
  ),
  FastCheck.array(
    FastCheck.constantFrom(
      "Authorization: Bearer",
      "Authorization: Basic eDp5",
      `Authorization: Bearer ${"x".repeat(43)}`,
      "Host: localhost",
      "Content-Length: 5",
      "Transfer-Encoding: chunked",
      "X-Original-URL: /health",
      "X-HTTP-Method-Override: GET",
      "Expect: 100-continue",
      "Content-Type: application/json",
      "Connection: keep-alive",
      "Upgrade: h2c"
    ),
    { maxLength: 5 }
  ),
  FastCheck.constantFrom("", "{}", "5\r\nhello\r\n0\r\n\r\n", '{"parameters":{}}')
).map(([method, path, more, body]) => [`${method} ${path} HTTP/1.1`, "Host: localhost", ...more, "", body].join("\r\n"))

/** Without the page, which needs no key: any path may be cut to its path. */
const closed = { recording: "none", disabledEndpoints: ["page"] } as const

describe("G02 G05 G06: mutated requests without the key", () => {
  it.live(
    "get nothing, and leave no memory behind",
    () =>
      Effect.gen(function* () {
        const sample = FastCheck.sample(mutated(lines), Math.min(strangers, 5_000))
        const round = Effect.forEach(
          sample,
          (bytes) =>
            Effect.map(raw([bytes]), (answer) => {
              // Bytes after the request that are no request close the connection, perhaps before its answer.
              const final = answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "")
              if (final === "") return
              const status = statusOf(final)
              assert.isTrue(status >= 400 && status < 500, `${JSON.stringify(bytes)}\n${answer}`)
            }),
          { concurrency: 16, discard: true }
        )
        yield* round
        const before = process.memoryUsage().rss
        for (let sent = sample.length; sent < strangers; sent += sample.length) yield* round
        assert.isBelow(process.memoryUsage().rss - before, 200 * 1024 * 1024)
      }).pipe(Effect.provide(served(echoes[0] as Pipeline.Any, { key, serving: closed }))),
    1_800_000
  )
})

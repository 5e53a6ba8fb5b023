import { FetchHttpClient } from "@effect/platform"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Client, Pipeline, Run, Step } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { newest, request, served, stored } from "../Harness.js"

const Plain = Schema.Struct({
  n: Schema.optional(Schema.Number),
  s: Schema.optional(Schema.String),
  list: Schema.optional(Schema.Array(Schema.UndefinedOr(Schema.Number))),
  record: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  any: Schema.optional(Schema.Unknown)
})

/** The same values behind a transformation, so that the Schema judges and not the compiled predicate. */
const Dated = Schema.Struct({ ...Plain.fields, day: Schema.optional(Schema.DateFromString) })

class Wrong extends Schema.TaggedError<Wrong>()("Wrong", { n: Schema.Number }) {}

const values: Readonly<Record<string, typeof Dated.Type>> = {
  nan: { n: Number.NaN },
  infinity: { n: Number.POSITIVE_INFINITY },
  surrogate: { s: "\ud800" },
  undefined: { list: [undefined] },
  proto: { record: JSON.parse('{"__proto__":1}') },
  deep: { any: [{ n: Number.NaN }] },
  bigint: { any: { n: 1n } },
  map: { any: new Map() },
  date: { any: new Date(Number.NaN) }
}

/** The path of the part that JSON would change. */
const paths: Readonly<Record<string, string>> = {
  nan: "n: ",
  infinity: "n: ",
  surrogate: "s: ",
  undefined: "list.0: ",
  proto: "record.__proto__: ",
  deep: "any.0.n: ",
  bigint: "any.n: ",
  map: "any: ",
  date: "any: "
}

const plain = Step.make("plain", {
  input: Schema.String,
  output: Plain,
  run: (kind) => Effect.succeed(values[kind] ?? {})
})
const dated = Step.make("dated", {
  input: Schema.String,
  output: Dated,
  run: (kind) => Effect.succeed(values[kind] ?? {})
})

const pipeline = Pipeline.make("values", {
  input: Schema.Struct({
    kind: Schema.String,
    by: Schema.optional(Schema.String),
    at: Schema.optional(Schema.Date),
    value: Schema.optional(Schema.Unknown)
  }),
  output: Dated,
  error: Wrong,
  run: ({ by, kind }) =>
    Effect.gen(function* () {
      if (by === "step") return yield* plain(kind)
      if (by === "slow step") return yield* dated(kind)
      if (by === "event") yield* Run.publish(values[kind])
      if (by === "error") return yield* new Wrong({ n: values[kind]?.n ?? 0 })
      return kind === "invalid" ? { day: new Date(Number.NaN) } : (values[kind] ?? {})
    })
})

const fast = Pipeline.make("fast", {
  input: Schema.Struct({
    kind: Schema.String,
    n: Schema.optional(Schema.Number),
    any: Schema.optional(Schema.Unknown)
  }),
  output: Plain,
  run: ({ kind }) => Effect.succeed(values[kind] ?? {})
})

let keys = 0

/** Sends a body by the direct route, and by the typed API, which takes the requests with a key. */
const both = (body: string) =>
  Effect.all([
    request("/invoke", { json: body }),
    request("/invoke", { json: body, headers: { "idempotency-key": `values-${++keys}` } })
  ])

const badInputs: ReadonlyArray<readonly [inner: string, path: string]> = [
  ['"kind":"a","n":1e400', "parameters.n"],
  ['"kind":"a","n":-1e400', "parameters.n"],
  ['"kind":"a","n":9007199254740993', "parameters.n"],
  ['"kind":"a","any":{"deep":[1e999]}', "parameters.any.deep.0"],
  ['"kind":"\\ud800"', "parameters.kind"],
  ['"kind":"a","any":{"\\udc00":1}', "parameters.any.\ufffd"],
  ['"kind":"a","kind":"b"', "parameters.kind"],
  ['"kind":"a","any":[{"x":1,"x":1}]', "parameters.any.0.x"],
  ['"kind":"a","__proto__":{}', "parameters.__proto__"],
  ['"kind":"a","any":{"__proto__":{}}', "parameters.any.__proto__"],
  ['"kind":"a","constructor":{}', "parameters.constructor"],
  ['"kind":"a","toString":1', "parameters.toString"]
]

describe("parameters that JSON or JavaScript would change", () => {
  layer(served(fast), { excludeTestServices: true })((it) => {
    it.effect("F09 F11: are refused with path and reason, on both paths", () =>
      Effect.gen(function* () {
        for (const [inner, path] of badInputs) {
          for (const { json, status } of yield* both(`{"parameters":{${inner}}}`)) {
            assert.strictEqual(status, 400, inner)
            assert.deepStrictEqual(
              (json["issues"] as ReadonlyArray<{ path: string }>).map(({ path }) => path),
              [path]
            )
          }
        }
      })
    )
    it.effect("pass when JavaScript holds them exactly", () =>
      Effect.gen(function* () {
        const inner = '"kind":"a\\ud83d\\ude00:","n":9007199254740992,"any":{"constructor":[1e3,0.1]}'
        for (const { json, status } of yield* both(`{"parameters":{${inner}}}`)) {
          assert.strictEqual(status, 200)
          assert.deepStrictEqual(json.metadata["parametersUsed"], JSON.parse(`{${inner}}`))
        }
      })
    )
  })
})

describe("F29: outputs that JSON would change", () => {
  layer(served(fast), { excludeTestServices: true })((it) => {
    it.effect("fail the run of a compiled schema", () =>
      Effect.gen(function* () {
        for (const kind of Object.keys(values)) {
          for (const { json, status } of yield* both(JSON.stringify({ parameters: { kind } }))) {
            assert.strictEqual(status, 500, kind)
            const run = yield* stored(json.runId)
            assert.strictEqual(run.status, "failed")
            assert.isUndefined(run.outputs)
          }
        }
      })
    )
  })
  layer(served(pipeline), { excludeTestServices: true })((it) => {
    it.effect("fail the run of a schema with a transformation, of a step, and of what publishes them", () =>
      Effect.gen(function* () {
        for (const kind of [...Object.keys(values), "invalid"]) {
          for (const by of kind === "invalid" ? [""] : ["", "step", "slow step", "event"]) {
            const { json, status } = yield* request("/invoke", { json: { parameters: { kind, by } } })
            assert.strictEqual(status, 500, `${kind} ${by}`)
            assert.strictEqual((yield* stored(json.runId)).status, "failed")
          }
        }
      })
    )
    it.effect("fail a run whose typed failure holds them", () =>
      Effect.gen(function* () {
        const { status } = yield* request("/invoke", { json: { parameters: { kind: "nan", by: "error" } } })
        assert.strictEqual(status, 500)
        assert.strictEqual((yield* newest).status, "failed")
      })
    )
    it.effect("include days that do not exist", () =>
      Effect.gen(function* () {
        for (const at of ["2026-02-30", "2026-04-31T00:00:00Z", "Feb 30, 2026"]) {
          for (const { json, status } of yield* both(JSON.stringify({ parameters: { kind: "a", at } }))) {
            assert.strictEqual(status, 400, at)
            assert.deepStrictEqual<unknown>(json["issues"], [
              { path: "parameters.at", reason: "must be a date that exists" }
            ])
          }
        }
        const { status } = yield* request("/invoke", { json: { parameters: { kind: "a", at: "2024-02-29" } } })
        assert.strictEqual(status, 200)
      })
    )
    it.effect("never leave the client", () =>
      Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const before = yield* newest
        for (const [kind, value] of Object.entries(values)) {
          const error = yield* Effect.flip(Client.invoke({ url }, { kind: "a", value }))
          assert.strictEqual(error._tag, "DeploymentHttpError")
          assert.include(error.message, `parameters.value.${paths[kind]}`)
        }
        assert.strictEqual((yield* newest).id, before.id)
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  })
})

const tagged = Pipeline.make("tagged", {
  input: Schema.Struct({
    shape: Schema.Union(
      Schema.Struct({ type: Schema.Literal("circle"), radius: Schema.Number }),
      Schema.Struct({ type: Schema.Literal("square"), side: Schema.Number })
    )
  }),
  output: Schema.String,
  run: ({ shape }) => Effect.succeed(shape.type)
})

describe("the tag of a union", () => {
  layer(served(tagged), { excludeTestServices: true })((it) => {
    it.effect("that has no text is refused by its place", () =>
      Effect.gen(function* () {
        for (const [tag, path] of [
          ['{"toString":null}', "parameters.shape.type.toString"],
          ['[{"toString":1}]', "parameters.shape.type.0.toString"],
          ['{"a":{"valueOf":1,"toString":{}},"toString":2}', "parameters.shape.type.toString"]
        ]) {
          for (const { json, status } of yield* both(`{"parameters":{"shape":{"type":${tag},"radius":1}}}`)) {
            assert.strictEqual(status, 400)
            assert.deepStrictEqual(json["issues"], [{ path, reason: "is not expected" }])
          }
        }
      })
    )
  })
})

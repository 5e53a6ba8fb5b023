import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Either, FastCheck, ParseResult, Schema } from "effect"
import * as StrictJson from "../../../src/Internal/StrictJson.js"
import * as CompiledPredicate from "../../../src/Server/HotPath/CompiledPredicate.js"

type Any = Schema.Schema.AnyNoContext

const strict = { errors: "all", onExcessProperty: "error" } as const

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number }) {}

interface Tree {
  readonly value: number
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Schema<Tree> = Schema.Struct({
  value: Schema.Int,
  children: Schema.Array(Schema.suspend((): Schema.Schema<Tree> => Tree))
})

const leaves: ReadonlyArray<Any> = [
  Schema.String,
  Schema.JsonNumber,
  Schema.Number,
  Schema.UndefinedOr(Schema.Number),
  Schema.Literal(1n),
  Schema.Enums({ Infinite: Number.POSITIVE_INFINITY }),
  Schema.Boolean,
  Schema.Null,
  Schema.Unknown,
  Schema.Literal("a", "b", 3),
  Schema.Enums({ One: 1, Two: "two" }),
  Schema.Int.pipe(Schema.between(-5, 5)),
  Schema.String.pipe(Schema.minLength(1), Schema.maxLength(5)),
  Schema.TemplateLiteral("a", Schema.Literal("b", "c")),
  Schema.NumberFromString,
  Schema.Date,
  Point,
  Tree,
  Schema.Struct({}),
  Schema.Struct({ a: Schema.String }).annotations({ parseOptions: { onExcessProperty: "ignore" } }),
  Schema.Number.annotations({ decodingFallback: () => Either.right(0) })
]

const names = ["a", "b", "tag", "length"] as const

const schemas = FastCheck.letrec<{ schema: Any }>((tie) => {
  const inner = tie("schema")
  const field = FastCheck.tuple(FastCheck.constantFrom("required", "optional", "default"), inner).map(
    ([kind, schema]) =>
      kind === "required"
        ? schema
        : kind === "optional"
          ? Schema.optional(schema)
          : Schema.optionalWith(Schema.String, { default: () => "d" })
  )
  const struct = FastCheck.dictionary(FastCheck.constantFrom(...names), field, { maxKeys: 3 }).map(
    (fields): Any => Schema.Struct(fields as Record<string, Schema.Schema<unknown>>)
  )
  const tagged = FastCheck.tuple(struct, struct).map(([left, right]) =>
    Schema.Union(
      Schema.Struct({ tag: Schema.Literal("l"), left: left as Schema.Schema<unknown> }),
      Schema.Struct({ tag: Schema.Literal("r"), right: right as Schema.Schema<unknown> })
    )
  )
  return {
    schema: FastCheck.oneof(
      { maxDepth: 3 },
      FastCheck.constantFrom(...leaves),
      struct,
      tagged,
      inner.map((schema): Any => Schema.Array(schema)),
      FastCheck.tuple(inner, inner).map(([a, b]): Any => Schema.Tuple([a], b)),
      FastCheck.tuple(inner, inner).map(([a, b]): Any => Schema.Tuple(a, Schema.optionalElement(b))),
      FastCheck.tuple(inner, inner).map(([a, b]): Any => Schema.Union(a, b)),
      inner.map((schema): Any => Schema.Record({ key: Schema.String, value: schema })),
      inner.map((schema): Any => Schema.Record({ key: Schema.String.pipe(Schema.maxLength(2)), value: schema })),
      inner.map(
        (schema): Any =>
          Schema.extend(
            Schema.Struct({ n: Schema.Number }),
            Schema.Record({ key: Schema.String, value: Schema.Union(Schema.Number, schema) })
          )
      ),
      inner.map((schema): Any => Schema.suspend(() => schema))
    )
  }
}).schema

const json = FastCheck.jsonValue({ maxDepth: 3 })

/** Values that fit, that nearly fit, and that have nothing to do with the schema. */
const valuesFor = (schema: Any): FastCheck.Arbitrary<unknown> => {
  const fitting = Arbitrary.make(Schema.encodedSchema(schema))
  const decoded = Arbitrary.make(Schema.typeSchema(schema))
  const nearly = FastCheck.tuple(fitting, FastCheck.constantFrom(...names, "extra"), json).map(
    ([value, name, other]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? { ...value, [name]: other }
        : [value, other]
  )
  return FastCheck.oneof(fitting, decoded, nearly, json)
}

const cases = schemas.chain((schema) => {
  try {
    return FastCheck.tuple(
      FastCheck.constant(schema),
      FastCheck.array(valuesFor(schema), { minLength: 1, maxLength: 5 })
    )
  } catch {
    // Schemas without a value that can be generated.
    return FastCheck.tuple(FastCheck.constant(schema), FastCheck.array(json, { minLength: 1, maxLength: 5 }))
  }
})

describe("a value that the predicate accepts", () => {
  it("decodes and encodes to itself", () => {
    let accepted = 0
    FastCheck.assert(
      FastCheck.property(cases, ([schema, values]) => {
        for (const value of values.filter((value) => CompiledPredicate.compile(schema.ast)?.(value) === true)) {
          accepted++
          assert.deepStrictEqual(Either.getOrThrow(ParseResult.decodeUnknownEither(schema, strict)(value)), value)
          assert.deepStrictEqual(Either.getOrThrow(ParseResult.encodeUnknownEither(schema)(value)), value)
          assert.isUndefined(StrictJson.problemOf(value))
        }
      }),
      { numRuns: Number(process.env["FAST_CHECK_RUNS"] ?? 500) }
    )
    assert.isAbove(accepted, 100)
  })
  it("is every value that fits a schema without transformations", () => {
    const Plain = Schema.Struct({
      id: Schema.String.pipe(Schema.pattern(/^\w+$/)),
      amount: Schema.JsonNumber,
      kind: Schema.Literal("book", "toy"),
      note: Schema.optional(Schema.String),
      tags: Schema.Array(Schema.String),
      pair: Schema.Tuple(Schema.Boolean, Schema.NullOr(Schema.Int)),
      scores: Schema.Record({ key: Schema.String, value: Schema.Int }),
      shape: Schema.Union(
        Schema.Struct({ type: Schema.Literal("circle"), radius: Schema.JsonNumber }),
        Schema.Struct({ type: Schema.Literal("dot") })
      ),
      tree: Tree
    })
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(Plain), (value) => {
        FastCheck.pre(!Object.hasOwn(value.scores, "__proto__"))
        assert.isTrue(CompiledPredicate.compile(Plain.ast)?.(value))
      })
    )
  })
  it("is no record with a key that the Schema's copy loses", () => {
    const Scores = Schema.Record({ key: Schema.String, value: Schema.Int })
    const value = JSON.parse('{ "__proto__": 1 }')
    assert.deepStrictEqual(Schema.decodeUnknownSync(Scores)(value), {})
    assert.isFalse(CompiledPredicate.compile(Scores.ast)?.(value))
  })
})

describe("a schema compiled to code", () => {
  const accepts = (schema: Any, value: unknown) => CompiledPredicate.compile(schema.ast)?.(value)
  const nasty = ['"]; throw 1; //', "`$" + "{1}`", "\\", "\u2028", "constructor ", "1e1", "", "*/"]
  it.each(nasty)("treats names and literals as data: %j", (text) => {
    const Named = Schema.Struct({ [text]: Schema.Literal(text) })
    assert.isTrue(accepts(Named, { [text]: text }))
    assert.isFalse(accepts(Named, { [text]: `${text}x` }))
    assert.isFalse(accepts(Named, { [`${text}x`]: text }))
    const Recorded = Schema.extend(Named, Schema.Record({ key: Schema.Literal(`${text}x`), value: Schema.Int }))
    assert.isTrue(accepts(Recorded, { [text]: text, [`${text}x`]: 1 }))
    assert.isTrue(accepts(Schema.Enums({ one: text }), text))
  })
  it("distinguishes one of many literals", () => {
    const Many = Schema.Literal(...Array.from({ length: 100 }, (_, i) => `n${i}`), 7, null)
    for (const value of ["n0", "n99", 7, null]) assert.isTrue(accepts(Many, value))
    for (const value of ["n100", "7", undefined, 8]) assert.isFalse(accepts(Many, value))
  })
})

describe("a value that the Schema judges", () => {
  const encodes = (schema: Any, value: unknown) => CompiledPredicate.compile(schema.ast)?.(value) ?? false
  const Named = Schema.Struct({ name: Schema.String })
  it.each<[string, Any, unknown]>([
    ["a transformation", Schema.NumberFromString, 1],
    ["a class", Point, new Point({ x: 1 })],
    ["an undeclared property", Named, { name: "x", secret: 1 }],
    [
      "an object of a class",
      Named,
      new (class {
        name = "x"
      })()
    ],
    ["a list of a class", Schema.Array(Schema.Number), new (class extends Array<number> {})()],
    ["a property of every object", Schema.Struct({ toString: Schema.Unknown }), {}],
    ["a hidden property", Named, Object.defineProperty({}, "name", { value: "x" })],
    [
      "a member that fits once a property is dropped",
      Schema.Union(Named, Schema.Struct({ name: Schema.String, more: Schema.Number })),
      { name: "x", more: 1 }
    ],
    [
      "a member that fills in what is missing",
      Schema.Union(Schema.Struct({ a: Schema.Unknown }), Schema.Struct({})),
      {}
    ],
    [
      "a member that hides a transformation",
      Schema.Union(
        Schema.suspend(() => Schema.Date),
        Schema.String
      ),
      "0"
    ],
    [
      "a member with a fallback",
      Schema.Union(Schema.Number.annotations({ decodingFallback: () => Either.right(0) }), Schema.String),
      "x"
    ]
  ])("%s", (_, schema, value) => {
    assert.isFalse(encodes(schema, value))
  })
})

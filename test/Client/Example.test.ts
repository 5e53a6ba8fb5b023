import { describe, expect, it } from "@effect/vitest"
import { Either, FastCheck, JSONSchema, Schema } from "effect"
import { exampleOf } from "../../src/Client.js"

type Any = Schema.Schema.AnyNoContext

const exampleFor = (schema: Any): unknown => exampleOf({ ...JSONSchema.make(schema, { target: "jsonSchema2020-12" }) })

const decodes = (schema: Any): boolean => Either.isRight(Schema.decodeUnknownEither(schema)(exampleFor(schema)))

const leaf = FastCheck.constantFrom<Any>(
  Schema.String,
  Schema.NonEmptyString,
  Schema.Number,
  Schema.Int,
  Schema.Boolean,
  Schema.Null,
  Schema.Date,
  Schema.DateTimeUtc,
  Schema.NumberFromString,
  Schema.UUID,
  Schema.ULID,
  Schema.URL,
  Schema.BigInt,
  Schema.Uint8ArrayFromBase64,
  Schema.Literal("a", "b"),
  Schema.Literal(1, "x", null),
  Schema.Enums({ A: "x", B: 2 }),
  Schema.TemplateLiteral("v", Schema.Number),
  Schema.String.pipe(Schema.pattern(/^[a-z]{3}-\d+$/)),
  Schema.String.pipe(Schema.minLength(12), Schema.maxLength(14)),
  Schema.Number.pipe(Schema.between(3.2, 3.4)),
  Schema.Number.pipe(Schema.greaterThan(10), Schema.multipleOf(3)),
  Schema.Int.pipe(Schema.negative()),
  Schema.Number.pipe(Schema.lessThan(-7))
)

const schemas: FastCheck.Arbitrary<Any> = FastCheck.letrec<{ schema: Any }>((tie) => ({
  schema: FastCheck.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    FastCheck.dictionary(FastCheck.stringMatching(/^[a-z]{1,4}$/), tie("schema"), { maxKeys: 4 })
      .filter((fields) => Object.keys(fields).length > 0)
      .map((fields): Any => Schema.Struct(fields)),
    tie("schema").map((item): Any => Schema.Array(item)),
    tie("schema").map((item): Any => Schema.NonEmptyArray(item)),
    tie("schema").map((item): Any => Schema.Array(item).pipe(Schema.minItems(2), Schema.maxItems(3))),
    tie("schema").map((item): Any => Schema.NullOr(item)),
    tie("schema").map((value): Any => Schema.Record({ key: Schema.String, value })),
    FastCheck.tuple(tie("schema"), tie("schema")).map(([a, b]): Any => Schema.Tuple(a, b)),
    FastCheck.tuple(tie("schema"), tie("schema")).map(([a, b]): Any => Schema.Union(a, b)),
    tie("schema").map((a): Any => Schema.Struct({ a: Schema.optional(a), b: Schema.String }))
  )
})).schema

describe("exampleOf", () => {
  it("decodes, for generated schemas", () => {
    FastCheck.assert(FastCheck.property(schemas, decodes), { numRuns: 300 })
  })

  it("prefers the author's examples, then defaults", () => {
    const schema = Schema.Struct({
      city: Schema.String.annotations({ examples: ["Oslo"] }),
      days: Schema.optional(Schema.Int.annotations({ default: 3 })),
      note: Schema.optional(Schema.String)
    })
    expect(exampleFor(schema)).toEqual({ city: "Oslo", days: 3 })
  })

  it("ignores examples that do not fit the JSON form", () => {
    const schema = Schema.Struct({ at: Schema.Int.annotations({ examples: ["soon" as unknown as number] }) })
    expect(decodes(schema)).toBe(true)
  })

  it("ends for schemas that contain themselves", () => {
    interface Node {
      readonly value: number
      readonly children: ReadonlyArray<Node>
    }
    const Node: Schema.Schema<Node> = Schema.Struct({
      value: Schema.Number,
      children: Schema.Array(Schema.suspend(() => Node))
    }).annotations({ identifier: "Node" })
    expect(exampleFor(Node)).toEqual({ value: 1, children: [] })
  })
})

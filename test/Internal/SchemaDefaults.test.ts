import { assert, describe, it } from "@effect/vitest"
import { DateTime, JSONSchema, Schema } from "effect"
import * as SchemaDefaults from "../../src/Internal/SchemaDefaults.js"

const documentOf = (schema: Schema.Schema.AnyNoContext) =>
  JSONSchema.fromAST(SchemaDefaults.annotate(schema.ast), {
    definitions: {},
    target: "jsonSchema2020-12"
  }) as unknown as { readonly properties: Readonly<Record<string, Record<string, unknown>>> }

const defaultsOf = (schema: Schema.Schema.AnyNoContext) =>
  Object.fromEntries(Object.entries(documentOf(schema).properties).map(([name, each]) => [name, each["default"]]))

describe("the document of a schema", () => {
  it("has the defaults of properties in their encoded form", () => {
    const schema = Schema.Struct({
      city: Schema.String,
      unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const }),
      days: Schema.optionalWith(Schema.Int, { default: () => 3 }),
      level: Schema.optionalWith(Schema.NumberFromString, { default: () => 7 }),
      tags: Schema.optionalWith(Schema.Array(Schema.String), { default: () => ["a"] }),
      isLoud: Schema.optionalWith(Schema.Boolean, { default: () => false, nullable: true })
    })
    assert.deepStrictEqual(defaultsOf(schema), {
      city: undefined,
      unit: "C",
      days: 3,
      level: "7",
      tags: ["a"],
      isLoud: false
    })
  })

  it("has them in nested objects, lists, unions and schemas that contain themselves", () => {
    const inner = Schema.Struct({ deep: Schema.optionalWith(Schema.Number, { default: () => 1 }) })
    const found = JSON.stringify(
      documentOf(Schema.Struct({ one: inner, list: Schema.Array(inner), either: Schema.Union(inner, Schema.String) }))
    )
    assert.strictEqual(found.split('"default":1').length, 4)
    interface Tree {
      readonly depth: number
      readonly children: ReadonlyArray<Tree>
    }
    interface Sent {
      readonly depth?: number | undefined
      readonly children: ReadonlyArray<Sent>
    }
    const tree: Schema.Schema<Tree, Sent> = Schema.Struct({
      depth: Schema.optionalWith(Schema.Number, { default: () => 0 }),
      children: Schema.Array(Schema.suspend((): Schema.Schema<Tree, Sent> => tree))
    }).annotations({ identifier: "Tree" })
    assert.doesNotThrow(() => documentOf(tree))
  })

  it("leaves out a default that differs from call to call, and one whose function throws", () => {
    let count = 0
    const schema = Schema.Struct({
      id: Schema.optionalWith(Schema.Number, { default: () => count++ }),
      at: Schema.optionalWith(Schema.DateTimeUtc, { default: () => DateTime.unsafeNow() }),
      broken: Schema.optionalWith(Schema.Number, {
        default: () => {
          throw new Error("no default here")
        }
      })
    })
    assert.deepStrictEqual(defaultsOf(schema), { id: undefined, at: undefined, broken: undefined })
    const plain = Schema.Struct({ a: Schema.Array(Schema.Struct({ b: Schema.NumberFromString })) })
    assert.strictEqual(SchemaDefaults.annotate(plain.ast), plain.ast)
  })

  it("is that of a schema that decodes as before", () => {
    const schema = Schema.Struct({ days: Schema.optionalWith(Schema.Int, { default: () => 3 }) })
    const shown = Schema.make<typeof schema.Type, typeof schema.Encoded>(SchemaDefaults.annotate(schema.ast))
    assert.deepStrictEqual(Schema.decodeSync(shown)({}), { days: 3 })
    assert.deepStrictEqual(Schema.encodeSync(shown)({ days: 4 }), { days: 4 })
  })
})

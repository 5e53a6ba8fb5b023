import { describe, expect, it } from "@effect/vitest"
import { FastCheck, JSONSchema, Schema } from "effect"
import { coerce } from "../../src/Client.js"

const documentOf = (schema: Schema.Schema.AnyNoContext): Readonly<Record<string, unknown>> => ({
  ...JSONSchema.make(schema, { target: "jsonSchema2020-12" })
})

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number }) {}

const schema = documentOf(
  Schema.Struct({
    text: Schema.String,
    count: Schema.Number,
    list: Schema.Array(Schema.Number),
    point: Point,
    maybe: Schema.NullOr(Schema.Struct({ a: Schema.Number })),
    either: Schema.Union(Schema.String, Schema.Array(Schema.Number)),
    free: Schema.Unknown
  })
)

describe("coerce", () => {
  it("parses JSON text where the schema expects an object or an array", () => {
    const given = { list: "[1, 2]", point: '{"x":1}', maybe: '{"a":2}' }
    expect(coerce(schema, given)).toEqual({ list: [1, 2], point: { x: 1 }, maybe: { a: 2 } })
  })

  it("leaves other values unchanged", () => {
    const given = {
      text: "[1]",
      count: "5",
      list: '{"not":"a list"}',
      point: "[not json",
      either: "[1]",
      free: "[1]",
      unknown: "[1]",
      maybe: null
    }
    expect(coerce(schema, given)).toEqual(given)
  })

  it("leaves a text whose value JavaScript would change, so that the deployment refuses it", () => {
    for (const list of ["[1e400]", "[9007199254740993]", '["\\ud800"]', "[1e-400]"]) {
      expect(coerce(schema, { list })).toEqual({ list })
    }
    for (const point of ['{"x":1,"x":2}', '{"x":1,"__proto__":{}}', '{"x":1,"\\u0078":2}']) {
      expect(coerce(schema, { point })).toEqual({ point })
    }
    expect(coerce(schema, { list: "[9007199254740992, 0.1]" })).toEqual({ list: [9007199254740992, 0.1] })
  })

  it("returns the stringified value, and is idempotent", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n))),
        FastCheck.string(),
        (list, text) => {
          const once = coerce(schema, { list: JSON.stringify(list), text })
          expect(once).toEqual({ list, text })
          expect(coerce(schema, once)).toEqual(once)
        }
      )
    )
  })

  it("accepts circular references and property names of Object.prototype", () => {
    const circular = {
      type: "object",
      properties: { a: { $ref: "#/$defs/A" }, b: { $ref: "#/nowhere" } },
      $defs: { A: { $ref: "#/$defs/A" } }
    }
    const given = JSON.parse('{"a":"[1]","b":"[1]","__proto__":"[1]","constructor":"[1]"}') as Record<string, unknown>
    expect(Object.entries(coerce(circular, given))).toEqual(Object.entries(given))
  })
})

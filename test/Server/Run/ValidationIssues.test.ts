import { assert, describe, it } from "@effect/vitest"
import { Either, ParseResult, Schema } from "effect"
import * as ValidationIssues from "../../../src/Server/Run/ValidationIssues.js"

const reasons = (schema: Schema.Schema.AnyNoContext, value: unknown) => {
  const decoded = ParseResult.decodeUnknownEither(schema, { errors: "all" })(value)
  return Either.isLeft(decoded) ? ValidationIssues.fromParseIssue(decoded.left).map(({ reason }) => reason) : []
}

describe("Issues say", () => {
  it.each<[string, Schema.Schema.AnyNoContext, unknown, string]>([
    [
      "the limit of a number that is described otherwise",
      described(Schema.Positive),
      -5,
      "must be a number greater than 0"
    ],
    ["the type below a described limit", described(Schema.Positive), "x", "must be a number"],
    [
      "both ends of a range",
      described(Schema.Number.pipe(Schema.between(1, 9))),
      10,
      "must be a number of at least 1 and of at most 9"
    ],
    [
      "the length of a text",
      described(Schema.String.pipe(Schema.minLength(3))),
      "x",
      "must be a string of at least 3 characters"
    ],
    ["what a description says it is", Schema.Number.annotations({ description: "a price" }), "x", "must be a price"],
    ["the literals", Schema.Literal("C", "F"), "K", 'must be "C" or "F"'],
    ["an object", Schema.Struct({ a: Schema.String }), 5, "must be an object"],
    ["a list", Schema.Array(Schema.String), {}, "must be a list"]
  ])("%s", (_, schema, value, expected) => {
    assert.deepStrictEqual(reasons(schema, value), [expected])
  })
})

function described(schema: Schema.Schema.AnyNoContext): Schema.Schema.AnyNoContext {
  return schema.annotations({ description: "Length of the sepal." })
}

import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, ParseResult, Schema } from "effect"
import * as TotalDecoder from "../../../src/Server/HotPath/TotalDecoder.js"

const Shape = Schema.Union(
  Schema.Struct({ type: Schema.Literal("circle"), radius: Schema.Number }),
  Schema.Struct({ type: Schema.Literal("square") })
)

/** Decodes in a later turn, so that the decoder of the union runs in a fiber. */
const later = Schema.transformOrFail(Schema.Unknown, Schema.Unknown, {
  strict: true,
  decode: (value) => Effect.as(Effect.yieldNow(), value),
  encode: ParseResult.succeed
})

const untagged: ReadonlyArray<readonly [unknown, string]> = [
  [JSON.parse('{"type":{"toString":null}}'), "type.toString"],
  [JSON.parse('{"type":[[{"toString":{}}]]}'), "type.0.0.toString"]
]

for (const [what, decoder] of [
  ["at once", ParseResult.decodeUnknown(Shape)],
  ["in a fiber", ParseResult.decodeUnknown(Schema.compose(later, Shape, { strict: false }))]
] as const) {
  it.effect(`a tag without a text is refused by its place, ${what}`, () =>
    Effect.gen(function* () {
      const decode = TotalDecoder.make(decoder)
      for (const [value, path] of untagged) {
        const issue = yield* Effect.flip(decode(value))
        const [first] = ParseResult.ArrayFormatter.formatIssueSync(issue)
        assert.strictEqual(first?.path.join("."), path)
      }
      assert.deepStrictEqual(yield* decode({ type: "square" }), { type: "square" })
    })
  )
}

it.effect("a defect of another value stays a defect", () =>
  Effect.gen(function* () {
    const defect = new Error("a defect of a transformation")
    const broken = Schema.transform(Schema.Unknown, Schema.Unknown, {
      strict: true,
      decode: () => {
        throw defect
      },
      encode: (value) => value
    })
    const exit = yield* Effect.exit(TotalDecoder.make(ParseResult.decodeUnknown(broken))({ type: "circle" }))
    assert.isTrue(Exit.isFailure(exit) && [...Cause.defects(exit.cause)].includes(defect))
  })
)

import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import * as JsonText from "../../src/Internal/JsonText.js"
import * as LostDates from "../../src/Internal/LostDates.js"
import * as StrictJson from "../../src/Internal/StrictJson.js"

const cycle: Record<string, unknown> = {}
cycle["self"] = cycle

describe("a value that JSON would change", () => {
  it.each<[string, unknown, string]>([
    ["NaN", { a: [1, { n: Number.NaN }] }, "a.1.n"],
    ["infinity", { n: Number.NEGATIVE_INFINITY }, "n"],
    ["half a surrogate pair", { s: "a\ud800b" }, "s"],
    ["a name with half a surrogate pair", { a: { "\udc00": 1 } }, "a.\ufffd"],
    ["undefined in a list", { a: [1, undefined] }, "a.1"],
    ["a hole of a list", { a: new Array(1) }, "a.0"],
    ["a bigint", { n: 1n }, "n"],
    ["a function", { f: () => 1 }, "f"],
    ["a symbol", [Symbol("s")], "0"],
    ["a map", { m: new Map([[1, 2]]) }, "m"],
    ["bytes", { b: new Uint8Array(2) }, "b"],
    ["an error", { e: new Error("lost") }, "e"],
    ["a date that does not exist", { d: new Date(Number.NaN) }, "d"],
    ["a property __proto__", { r: JSON.parse('{"__proto__":1}') }, "r.__proto__"],
    ["what toJSON returns", { t: { toJSON: () => ({ n: Number.NaN }) } }, "t.n"]
  ])("is found: %s", (_, value, path) => {
    const problem = StrictJson.problemOf(value)
    assert.isDefined(problem)
    assert.strictEqual(StrictJson.toWellFormed(problem?.path.join(".") ?? ""), path)
  })
  it("is found when it contains itself", () => {
    assert.include(StrictJson.problemOf(cycle)?.reason, "contains itself")
  })
  it("is none that JSON gives back", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.anything({ withDate: true, withMap: true, withBigInt: true }), (value) => {
        FastCheck.pre(StrictJson.isStrict(value))
        const text = JSON.stringify(value)
        assert.deepStrictEqual(JSON.parse(JSON.stringify(JSON.parse(text))), JSON.parse(text))
        assert.notInclude(text, "\\ud8")
      })
    )
    for (const value of [null, "a\ud83d\ude00", { constructor: 1, a: undefined }, new Date(0), [[], {}], 1e308]) {
      assert.isUndefined(StrictJson.problemOf(value))
    }
  })
})

describe("F09 F11: a text that JSON.parse would change", () => {
  const judge = (text: string) => (JsonText.isFaithful(text, JSON.parse(text)) ? [] : JsonText.problems(text))
  const paths = (text: string) => judge(text).map(({ path }) => path.join("."))

  it.each<[string, string, string]>([
    ["two members of one name", '{"a":{"b":1,"c":":","b":2}}', "a.b"],
    ["two members, one in disguise", '{"a":1,"\\u0061":2}', "a"],
    ["two members, one with an escaped slash", '[{"a/":1,"a\\/":2}]', "0.a/"],
    ["two members in lines", '{\n "a" : 1,\n "a" : [":"]\n}', "a"],
    ["1e400", '{"n":[0,-1e400]}', "n.1"],
    ["400 digits", `{"n":${"9".repeat(400)}}`, "n"],
    ["1e-400", '{"n":1e-400}', "n"],
    ["2^53 + 1", '{"n":9007199254740993}', "n"],
    ["-(2^53 + 1)", '{"n":-9007199254740993.0}', "n"],
    ["2^53 + 1 with an exponent", '{"n":[1,9.007199254740993e15]}', "n.1"],
    ["2^53 + 1 with a negative exponent", '{"n":900719925474099300e-2}', "n"],
    ["an integer of 20 digits with a fraction", '{"n":12345678901234567890.5}', "n"],
    ["half a surrogate pair", '{"s":"\\ud800"}', "s"],
    ["a name with half a surrogate pair", '{"\\udfff":1}', "\ufffd"],
    ["__proto__", '{"a":[{"__proto__":{}}]}', "a.0.__proto__"],
    ["__proto__ in disguise", '{"\\u005f_proto__":1}', "__proto__"]
  ])("is found: %s", (_, text, path) => {
    assert.deepStrictEqual(paths(text), [path])
  })
  it.each([
    '{"time":"10:30","s":"\\"a\\":1","n":9007199254740992,"m":1e3,"z":-0,"e":"1e400"}',
    '{"n":123456789012345680000,"f":0.12345678901234567890,"s":"\\ud83d\\ude00","constructor":{"prototype":1}}',
    '[{"a":1},{"a":1},{"a":{"a":1}}]',
    '"\\\\"',
    "0e5",
    "[1e23,1E+20,4.5e15,9007199254740992e0,1.7976931348623158e308,4503599627370497.5]",
    // Printed with 17 digits, where 16 would do.
    "[4.8711817245994202e+20,48711817245994202000000e-2]"
  ])("is not %s", (text) => {
    assert.deepStrictEqual(paths(text), [])
  })
  it("is none that JSON.stringify wrote", () => {
    const finite = FastCheck.double({ noNaN: true, noDefaultInfinity: true })
    const json = FastCheck.letrec((tie) => ({
      value: FastCheck.oneof(
        FastCheck.constantFrom(null, true),
        finite,
        FastCheck.string({ unit: "binary" }),
        FastCheck.array(tie("value")),
        FastCheck.dictionary(FastCheck.string({ unit: "grapheme" }), tie("value"))
      )
    })).value
    FastCheck.assert(
      FastCheck.property(json, FastCheck.constantFrom(0, 2), (value, indent) => {
        FastCheck.pre(StrictJson.problemOf(value) === undefined)
        assert.deepStrictEqual(paths(JSON.stringify(value, null, indent)), [])
      })
    )
  })
  it("is found wherever a member is repeated", () => {
    const objects = FastCheck.dictionary(FastCheck.string({ minLength: 1 }), FastCheck.jsonValue(), { minKeys: 1 })
    FastCheck.assert(
      FastCheck.property(objects, FastCheck.nat(), (object, at) => {
        FastCheck.pre(StrictJson.problemOf(object) === undefined)
        const entries = Object.entries(object).map(
          ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`
        )
        const text = `{"in":[{${[...entries, entries[at % entries.length]].join(",")}}]}`
        assert.strictEqual(judge(text).length, 1, text)
      })
    )
  })
  it("reports a bounded number of problems", () => {
    assert.strictEqual(judge(`[${"1e999,".repeat(5_000)}1]`).length, 20)
  })
})

describe("a date that another day stands for", () => {
  const read = (text: string) =>
    Either.getOrElse(
      Either.try(() => new Date(text).toISOString()),
      () => "Invalid Date"
    )
  it.each([
    "2026-02-30",
    "2026-02-29T10:00:00Z",
    "2026-04-31T10:00:00+02:00",
    "2026/02/30",
    "02/30/2026",
    "Feb 30, 2026",
    "30 February 2026 10:00",
    "nonsense"
  ])("is found: %s", (text) => {
    const problem = LostDates.ofInput({ days: [text] }, { days: [read(text)] })
    assert.deepStrictEqual(problem?.path, ["days", 0])
  })
  it.each(["2024-02-29", "2026-12-31T24:00:00Z", "2026-03-01T00:30:00+02:00", "Mar 1, 2026", "12/31/2026", "2026-02"])(
    "is not found: %s",
    (text) => {
      assert.isUndefined(LostDates.ofInput([text], [read(text)]))
    }
  )
  it("is not found in a text that stays as it is", () => {
    assert.isUndefined(LostDates.ofInput({ note: "2026-02-30" }, { note: "2026-02-30" }))
  })
})

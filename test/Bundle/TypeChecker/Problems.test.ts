import { assert, describe, it } from "@effect/vitest"
import { Errors } from "effect-deployers"
import * as Problems from "../../../src/Bundle/TypeChecker/Problems.js"

describe("the output of a compiler", () => {
  it("has a place, a code and a message for each error, with the lines that continue it", () => {
    const output = [
      "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
      "  Types of property 'x' are incompatible.",
      "    Type 'string' is not assignable to type 'number'.",
      "../b (1).ts(10,2): error TS2304: Cannot find name 'y'.",
      ""
    ].join("\r\n")
    assert.deepStrictEqual(Problems.parse(output, "/project"), {
      problems: [
        {
          location: "/project/src/a.ts:3:7",
          code: "TS2322",
          message:
            "Type 'string' is not assignable to type 'number'.\n    Types of property 'x' are incompatible.\n    Type 'string' is not assignable to type 'number'."
        },
        { location: "/b (1).ts:10:2", code: "TS2304", message: "Cannot find name 'y'." }
      ],
      general: []
    })
  })

  it("separates errors of the settings, and leaves out packages and declarations", () => {
    const output = [
      "error TS5023: Unknown compiler option 'x'.",
      "tsconfig.json(1,9): error TS5024: Unknown type of 'y'.",
      "node_modules/p/index.ts(1,1): error TS1: no",
      "  still no",
      "types/global.d.ts(1,1): error TS2: no",
      "Found 3 errors."
    ].join("\n")
    assert.deepStrictEqual(Problems.parse(output, "/project"), {
      problems: [],
      general: ["TS5023: Unknown compiler option 'x'.", "TS5024: Unknown type of 'y'."]
    })
  })
})

describe("PipelineTypeErrors", () => {
  it("lists its problems and the count of the rest", () => {
    const problem = { location: "/a.ts:1:2", code: "TS1", message: "wrong" }
    const error = new Errors.PipelineTypeErrors({ file: "/a.ts", problems: [problem], total: 3 })
    assert.strictEqual(
      error.message,
      "/a.ts has 3 type errors, so nothing is deployed:\n  /a.ts:1:2: TS1 wrong\n  and 2 more"
    )
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as Hazards from "../../src/Bundle/Hazards.js"

describe("Hazards.isPure", () => {
  it("finds the directive of a script behind comments of any kind and number", () => {
    const comments = ["/** a **/\n", "// b\n", "/* c\n * /* d */\n", "#! e\n"].join("")
    assert.isTrue(Hazards.isPure(`${comments}"use strict"\nexports.a = 1`, false))
    assert.isTrue(Hazards.isPure("/**/'use strict'\nexports.a = 1", false))
    assert.isTrue(Hazards.isPure(`${"/** a */\n".repeat(10_000)}"use strict"\nexports.a = 1`, false))
  })

  // A pattern that tries combinations of comments does not come to an end with these.
  it("takes a script with many comments and without the directive for one that is not strict", () => {
    assert.isFalse(Hazards.isPure(`${"/** @typedef {object} A */\n".repeat(10_000)}exports.a = 1`, false))
    assert.isFalse(Hazards.isPure("/* 'use strict' */ exports.a = 1", false))
    assert.isFalse(Hazards.isPure("/* a */ exports.a = 1 /* b */ 'use strict'", false))
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as Barrels from "../../src/Bundle/Barrels.js"

const effect: Barrels.Barrel = new Map([
  ["Effect", "/e/Effect.js"],
  ["Schema", "/e/Schema.js"]
])

const rewrite = (text: string) => Barrels.rewrite(text, new Map([["effect", effect]]))

const deep = 'import * as Effect from "/e/Effect.js";'

describe("a barrel", () => {
  it("is read for the modules it exports as namespaces, and for nothing else", () => {
    const text = [
      "/**",
      ' * export * as Comment from "./Comment.js"',
      " */",
      'export * as Effect from "./Effect.js"',
      'export { pipe } from "./Function.js"',
      'export * from "./Everything.js"',
      'export * as Schema from "./Schema.js";'
    ].join("\n")
    assert.deepStrictEqual(
      Barrels.read(text, (specifier) => specifier.replace("./", "/e/")),
      effect
    )
  })
})

describe("imports that are rewritten", () => {
  it.each([
    ["a namespace", 'import { Effect } from "effect"', deep],
    ["with other quotes, spaces and semicolon", "import{Effect}from'effect' ;", deep],
    ["under another name", 'import { Effect as Fx } from "effect"', 'import * as Fx from "/e/Effect.js";'],
    ["several", 'import { Effect, Schema } from "effect"', `${deep} import * as Schema from "/e/Schema.js";`],
    [
      "the part of the names that are namespaces",
      'import { pipe as p, Effect, type Schema } from "effect"',
      `${deep} import { pipe as p, type Schema } from "effect";`
    ],
    ["before a comment", 'import { Effect } from "effect" // why', `${deep} // why`],
    [
      "after directives",
      `"use strict"\n'use it';\nimport { Effect } from "effect"`,
      `"use strict"\n'use it';\n${deep}`
    ],
    [
      "after comments",
      `#!/bin/x\n/* a { */ // "b\nimport { Effect } from "effect"`,
      `#!/bin/x\n/* a { */ // "b\n${deep}`
    ],
    [
      "among imports of every kind",
      [
        'import "effect"',
        'import type { Layer } from "effect"',
        'import all, * as every from "effect"',
        'import one, { two } from "./effect.js"',
        'import { Effect } from "effect"',
        "export const x = Effect.void"
      ].join("\n"),
      [
        'import "effect"',
        'import type { Layer } from "effect"',
        'import all, * as every from "effect"',
        'import one, { two } from "./effect.js"',
        deep,
        "export const x = Effect.void"
      ].join("\n")
    ]
  ])("%s", (_, text, expected) => {
    assert.strictEqual(rewrite(text), expected)
  })

  it("leave everything after them on its line", () => {
    const text = 'import {\n  Effect,\n  Schema,\n} from "effect"\nexport const fourth = 1\n'
    const rewritten = rewrite(text)
    assert.deepStrictEqual(
      rewritten.split("\n").map((line) => line.includes("fourth")),
      text.split("\n").map((line) => line.includes("fourth"))
    )
    assert.include(rewritten, deep)
  })
})

describe("imports that stay as they are", () => {
  it.each([
    ["of another module", 'import { Effect } from "./effect"'],
    ["of everything", 'import * as E from "effect"'],
    ["of the default", 'import Effect from "effect"'],
    ["of types", 'import type { Effect } from "effect"'],
    ["with comments between the names", 'import { Effect /* } */ } from "effect"'],
    ["of names in quotes", 'import { "Effect" as Effect } from "effect"'],
    ["with attributes", 'import { Effect } from "effect" with { type: "x" }'],
    ["before other code on the same line", 'import { Effect } from "effect"; Effect.void'],
    ["after code", 'const x = 1\nimport { Effect } from "effect"'],
    ["after an export", 'export * from "./x.js"\nimport { Effect } from "effect"'],
    ["that only look like one, in a template", 'const x = `\nimport { Effect } from "effect"\n`'],
    ["that only look like one, in a comment", '/*\nimport { Effect } from "effect"\n*/'],
    ["that are asked for while it runs", 'const { Effect } = await import("effect")'],
    ["of CommonJS", 'import effect = require("effect")\nimport { Effect } from "effect"'],
    ["that are exported on", 'export { Effect } from "effect"']
  ])("%s", (_, text) => {
    assert.strictEqual(rewrite(text), text)
  })
})

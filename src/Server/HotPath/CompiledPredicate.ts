/**
 * Schemas without transformations as plain predicates: a value they accept is what decoding or encoding would give, so
 * nothing has to be copied. Whatever they do not accept is for the Schema itself to judge.
 *
 * **Details**
 *
 * Beside `ParseResult`, with which checking a kilobyte takes longer than serving the request. The predicate is code made
 * from the schema's AST, as validators of JSON Schema do it; where that is forbidden
 * (`--disallow-code-generation-from-strings`) there is none, and the Schema judges everything.
 */
import type * as AST from "effect/SchemaAST"
import { test } from "./Compiler/Predicates.js"
import { Source } from "./Compiler/Source.js"
import { isSupported } from "./Compiler/Support.js"

/** Says yes only if the Schema would give back the very same value. */
export type Accepts = (value: unknown) => boolean

/**
 * The predicate of a schema, or `undefined` when only the Schema can tell. A value it accepts is what decoding (with
 * `onExcessProperty: "error"`) and encoding give back.
 */
export const compile = (ast: AST.AST): Accepts | undefined => {
  if (!memo.has(ast)) memo.set(ast, isSupported(ast) ? build(ast) : undefined)
  return memo.get(ast)
}

// internal

const memo = new WeakMap<AST.AST, Accepts | undefined>()

const build = (ast: AST.AST): Accepts | undefined => {
  const source = new Source()
  return source.evaluate(test(ast, "value", source))
}

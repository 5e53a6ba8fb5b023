/**
 * Compiles a schema without transformations to a predicate. A value that the predicate accepts decodes and encodes to
 * itself, so nothing is copied. The Schema judges every other value.
 *
 * **Details**
 *
 * `ParseResult` needs longer to check a kilobyte than the service needs for the whole request. The predicate is
 * JavaScript generated from the schema's AST, as validators of JSON Schema do it. Node can forbid generated code
 * (`--disallow-code-generation-from-strings`); then there is no predicate and the Schema judges every value.
 */
import type * as AST from "effect/SchemaAST"
import { test } from "./Compiler/Predicates.js"
import { Source } from "./Compiler/Source.js"
import { isSupported } from "./Compiler/Support.js"

/** Returns true only if the Schema decodes and encodes the value to itself. */
export type Accepts = (value: unknown) => boolean

/**
 * The predicate of a schema, or `undefined` for a schema that cannot be compiled. A value it accepts decodes (with
 * `onExcessProperty: "error"`) and encodes to itself.
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

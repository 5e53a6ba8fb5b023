/**
 * Schemas without transformations as plain predicates: a value they accept is what decoding or encoding would give, so
 * nothing has to be copied. Whatever they do not accept is for the Schema itself to judge.
 *
 * **Details**
 *
 * Hand-written beside `ParseResult`, with which checking a kilobyte takes longer than serving the request. No code is
 * generated: the predicates are closures over the schema's AST.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import { type Accepts, type Compile, oneOf } from "./Acceptance/Model.js"
import { record, struct, tuple } from "./Acceptance/Objects.js"
import { union } from "./Acceptance/Unions.js"

/**
 * The predicate of a schema, or `undefined` when only the Schema can tell. A value it accepts is what decoding (with
 * `onExcessProperty: "error"`) and encoding give back.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compile: Compile = (ast) => {
  if (!memo.has(ast)) memo.set(ast, hasOwnRules(ast) ? undefined : build(ast))
  return memo.get(ast)
}

// internal

const memo = new WeakMap<AST.AST, Accepts | undefined>()

/** Annotations that change what fits, and with it which member of a union is taken. */
const hasOwnRules = (ast: AST.AST): boolean =>
  Option.isSome(AST.getDecodingFallbackAnnotation(ast)) || Option.isSome(AST.getParseOptionsAnnotation(ast))

const build = (ast: AST.AST): Accepts | undefined => {
  switch (ast._tag) {
    case "StringKeyword":
      return (value) => typeof value === "string"
    case "NumberKeyword":
      return (value) => typeof value === "number"
    case "BooleanKeyword":
      return (value) => typeof value === "boolean"
    case "UndefinedKeyword":
    case "VoidKeyword":
      return (value) => value === undefined
    case "UnknownKeyword":
    case "AnyKeyword":
      return () => true
    case "NeverKeyword":
      return () => false
    case "Literal":
      return oneOf([ast.literal])
    case "Enums":
      return oneOf(ast.enums.map(([, value]) => value))
    case "TemplateLiteral":
      return matching(AST.getTemplateLiteralRegExp(ast))
    case "Refinement":
      return refinement(ast)
    case "TypeLiteral":
      return ast.indexSignatures.length === 0 ? struct(ast, compile) : record(ast, compile)
    case "TupleType":
      return tuple(ast, compile)
    case "Union":
      return union(ast, compile)
    case "Suspend":
      return (value) => compile(ast.f())?.(value) === true
    default:
      return undefined
  }
}

const matching =
  (pattern: RegExp): Accepts =>
  (value) =>
    typeof value === "string" && pattern.test(value)

const refinement = (ast: AST.Refinement): Accepts | undefined => {
  const from = compile(ast.from)
  return from && ((value) => from(value) && Option.isNone(ast.filter(value, AST.defaultParseOption, ast)))
}

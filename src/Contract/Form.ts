/**
 * An invocation as a form (`multipart/form-data`): a part for each file, and the parameters as fields, or all of them with the
 * options of the run in one field of JSON.
 */
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

/**
 * The field whose JSON is the body of an ordinary invocation, without the files.
 *
 * @category constants
 * @since 0.2.0
 */
export const requestField = "$request"

/** Makes a predicate that is true for a parameter that may be a text; unknown ones are. */
export const textFields = (input: Schema.Schema.AnyNoContext): ((name: string) => boolean) => {
  const encoded = AST.encodedAST(input.ast)
  const properties = encoded._tag === "TypeLiteral" ? encoded.propertySignatures : []
  const others = new Set(properties.flatMap(({ name, type }) => (takesText(type) ? [] : [String(name)])))
  return (name) => !others.has(name)
}

// internal

const takesText = (ast: AST.AST): boolean => {
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
    case "Enums":
    case "UnknownKeyword":
    case "AnyKeyword":
      return true
    case "Literal":
      return typeof ast.literal === "string"
    case "Union":
      return ast.types.some(takesText)
    case "Refinement":
      return takesText(ast.from)
    case "Suspend":
      return takesText(ast.f())
    default:
      return false
  }
}

/**
 * Which schemas can be compiled: those whose values are the same decoded and encoded, as far as that can be told from the
 * schema alone.
 */
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"

/** Whether a schema and all its parts can be compiled. */
export const isSupported = (ast: AST.AST): boolean => supports(ast, new Set())

// internal

const supports = (ast: AST.AST, suspended: Set<AST.AST>): boolean => {
  if (hasOwnRules(ast)) return false
  const all = (types: ReadonlyArray<AST.AST>) => types.every((type) => supports(type, suspended))
  if (leaves.has(ast._tag)) return true
  switch (ast._tag) {
    case "UnknownKeyword":
    case "AnyKeyword":
      return true
    case "Refinement":
      return all([ast.from])
    case "TypeLiteral":
      return (
        ast.propertySignatures.every(({ name }) => typeof name !== "symbol" && !(name in Object.prototype)) &&
        all(ast.propertySignatures.map(({ type }) => type)) &&
        all(ast.indexSignatures.flatMap(({ parameter, type }) => [parameter, type]))
      )
    case "TupleType":
      return ast.rest.length < 2 && all([...ast.elements, ...ast.rest].map(({ type }) => type))
    case "Union":
      return areDisjoint(ast.types) && all(ast.types)
    case "Suspend":
      if (suspended.has(ast)) return true
      suspended.add(ast)
      return all([ast.f()])
    default:
      return false
  }
}

/** Annotations that change what fits, and with it which member of a union is taken. */
const hasOwnRules = (ast: AST.AST): boolean =>
  Option.isSome(AST.getDecodingFallbackAnnotation(ast)) || Option.isSome(AST.getParseOptionsAnnotation(ast))

/**
 * Whether no value fits two of the members: the Schema takes the first that fits once it has decoded, dropped or filled
 * in something, and that may be another one.
 */
const areDisjoint = (types: ReadonlyArray<AST.AST>): boolean => {
  const others = types.filter((type) => !isPrimitive(type)).map(shapeOf)
  const objects = others.filter(isObject)
  const lists = others.filter((type) => AST.isTupleType(type))
  return (
    objects.length + lists.length === others.length && lists.length < 2 && (objects.length < 2 || areTagged(objects))
  )
}

/** What is below names and conditions. */
const shapeOf = (ast: AST.AST): AST.AST => {
  if (AST.isSuspend(ast)) return ast.f()
  return AST.isRefinement(ast) ? shapeOf(ast.from) : ast
}

/** A type that nothing but objects fits. */
const isObject = (ast: AST.AST): ast is AST.TypeLiteral =>
  AST.isTypeLiteral(ast) && ast.propertySignatures.length + ast.indexSignatures.length > 0

/** A type of which its test knows everything, and that no object and no list fits. */
const isPrimitive = (ast: AST.AST): boolean => {
  if (AST.isRefinement(ast)) return isPrimitive(ast.from)
  return AST.isUnion(ast) ? ast.types.every(isPrimitive) : leaves.has(ast._tag)
}

/** Types without parts of which a test knows everything. */
const leaves: ReadonlySet<AST.AST["_tag"]> = new Set([
  "StringKeyword",
  "NumberKeyword",
  "BooleanKeyword",
  "UndefinedKeyword",
  "VoidKeyword",
  "NeverKeyword",
  "Literal",
  "Enums",
  "TemplateLiteral"
])

/** Whether a property with a literal of its own tells each of the members from all others. */
const areTagged = (types: ReadonlyArray<AST.TypeLiteral>): boolean => {
  const tags = types.map(literalsOf)
  const isTag = (name: PropertyKey) =>
    tags.every((tag) => tag.has(name)) && new Set(tags.map((tag) => tag.get(name))).size === types.length
  return [...(tags[0]?.keys() ?? [])].some(isTag)
}

const literalsOf = ({ propertySignatures }: AST.TypeLiteral): ReadonlyMap<PropertyKey, AST.LiteralValue> =>
  new Map(
    propertySignatures.flatMap(({ isOptional, name, type }) =>
      AST.isLiteral(type) && !isOptional ? [[name, type.literal] as const] : []
    )
  )

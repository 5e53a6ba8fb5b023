/** Finds the schemas that can be compiled: their values decode and encode to themselves, as the schema alone proves. */
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"

/** True if a schema and all its parts can be compiled. */
export const isSupported = (ast: AST.AST): boolean => supports(ast, new Set())

/** True if a schema that can be compiled has a part that any JSON fits. */
export const hasUnknown = (ast: AST.AST): boolean => unknownIn(ast, new Set())

// internal

const unknownIn = (ast: AST.AST, suspended: Set<AST.AST>): boolean => {
  const any = (types: ReadonlyArray<AST.AST>) => types.some((type) => unknownIn(type, suspended))
  switch (ast._tag) {
    case "UnknownKeyword":
    case "AnyKeyword":
      return true
    case "Refinement":
      return any([ast.from])
    case "TypeLiteral":
      return isEmpty(ast) || any([...ast.propertySignatures, ...ast.indexSignatures].map(({ type }) => type))
    case "TupleType":
      return any([...ast.elements, ...ast.rest].map(({ type }) => type))
    case "Union":
      return any(ast.types)
    case "Suspend":
      if (suspended.has(ast)) return false
      suspended.add(ast)
      return any([ast.f()])
    default:
      return false
  }
}

/** Any value but null fits a struct without fields. */
const isEmpty = ({ indexSignatures, propertySignatures }: AST.TypeLiteral): boolean =>
  propertySignatures.length + indexSignatures.length === 0

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

/** True for annotations that change which values fit, and with that which member of a union applies. */
const hasOwnRules = (ast: AST.AST): boolean =>
  Option.isSome(AST.getDecodingFallbackAnnotation(ast)) || Option.isSome(AST.getParseOptionsAnnotation(ast))

/**
 * True if no value fits two members. Otherwise the Schema takes the first member that fits after it has decoded, dropped
 * or filled in fields, and that can be another one.
 */
const areDisjoint = (types: ReadonlyArray<AST.AST>): boolean => {
  const others = types.filter((type) => !isPrimitive(type)).map(shapeOf)
  const objects = others.filter(isObject)
  const lists = others.filter((type) => AST.isTupleType(type))
  return (
    objects.length + lists.length === others.length && lists.length < 2 && (objects.length < 2 || areTagged(objects))
  )
}

/** The schema below suspensions and refinements. */
const shapeOf = (ast: AST.AST): AST.AST => {
  if (AST.isSuspend(ast)) return ast.f()
  return AST.isRefinement(ast) ? shapeOf(ast.from) : ast
}

/** True for a type that only objects fit. */
const isObject = (ast: AST.AST): ast is AST.TypeLiteral => AST.isTypeLiteral(ast) && !isEmpty(ast)

/** True for a type that its test decides completely and that no object and no array fits. */
const isPrimitive = (ast: AST.AST): boolean => {
  if (AST.isRefinement(ast)) return isPrimitive(ast.from)
  return AST.isUnion(ast) ? ast.types.every(isPrimitive) : leaves.has(ast._tag)
}

/** The types without parts that their test decides completely. */
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

/** True if one property has a literal of its own in each member. */
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

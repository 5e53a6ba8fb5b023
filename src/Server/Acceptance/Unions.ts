import * as AST from "effect/SchemaAST"
import { type Accepts, all, type Compile, oneOf } from "./Model.js"

/**
 * What one of the members accepts, or `undefined` when several could fit the same value: the Schema takes the first that
 * fits once it has decoded, dropped or filled in something, and that may be another one.
 */
export const union = ({ types }: AST.Union, compile: Compile): Accepts | undefined => {
  const literals = types.filter(AST.isLiteral)
  if (literals.length === types.length) return oneOf(literals.map(({ literal }) => literal))
  const members = areDisjoint(types) ? all(types, compile) : undefined
  return (
    members &&
    ((value) => {
      for (const accepts of members) if (accepts(value)) return true
      return false
    })
  )
}

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

/** A type of which its predicate knows everything, and that no object and no list fits. */
const isPrimitive = (ast: AST.AST): boolean => {
  switch (ast._tag) {
    case "StringKeyword":
    case "NumberKeyword":
    case "BooleanKeyword":
    case "UndefinedKeyword":
    case "VoidKeyword":
    case "NeverKeyword":
    case "Literal":
    case "Enums":
    case "TemplateLiteral":
      return true
    case "Refinement":
      return isPrimitive(ast.from)
    case "Union":
      return ast.types.every(isPrimitive)
    default:
      return false
  }
}

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

/** Defaults of properties that may be left out, as annotations: JSON Schema, forms and help show annotations only. */
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as AST from "effect/SchemaAST"

/**
 * The schema with the value of each `optionalWith(..., { default })` as a `default` annotation. It decodes and encodes as
 * before. A default that differs from call to call, or whose function throws, is left out.
 */
export const annotate = (ast: AST.AST): AST.AST => rewrite(ast, new Map())

// internal

type Seen = Map<AST.AST, AST.AST>

/** Parts without a default stay the same values. */
const rewrite = (ast: AST.AST, seen: Seen): AST.AST => {
  const known = seen.get(ast)
  if (known !== undefined) return known
  const made = rewritten(ast, seen)
  seen.set(ast, made)
  return made
}

const rewritten = (ast: AST.AST, seen: Seen): AST.AST => {
  switch (ast._tag) {
    case "TypeLiteral":
      return typeLiteral(ast, new Map(), seen)
    case "TupleType":
      return tuple(ast, seen)
    case "Union": {
      const types = ast.types.map((type) => rewrite(type, seen))
      return isSame(types, ast.types) ? ast : AST.Union.make(types, ast.annotations)
    }
    case "Refinement": {
      const from = rewrite(ast.from, seen)
      return from === ast.from ? ast : new AST.Refinement(from, ast.filter, ast.annotations)
    }
    case "Transformation": {
      const from = AST.isTypeLiteral(ast.from)
        ? typeLiteral(ast.from, defaultsOf(ast.transformation), seen)
        : rewrite(ast.from, seen)
      return from === ast.from ? ast : new AST.Transformation(from, ast.to, ast.transformation, ast.annotations)
    }
    case "Suspend":
      return new AST.Suspend(() => rewrite(ast.f(), seen), ast.annotations)
    default:
      return ast
  }
}

type Defaults = ReadonlyMap<PropertyKey, unknown>

const typeLiteral = (ast: AST.TypeLiteral, defaults: Defaults, seen: Seen): AST.TypeLiteral => {
  const properties = ast.propertySignatures.map((property) => {
    const type = rewrite(property.type, seen)
    const isNew = defaults.has(property.name) && !(AST.DefaultAnnotationId in property.annotations)
    const annotations = isNew
      ? { ...property.annotations, [AST.DefaultAnnotationId]: defaults.get(property.name) }
      : property.annotations
    return type === property.type && !isNew
      ? property
      : new AST.PropertySignature(property.name, type, property.isOptional, property.isReadonly, annotations)
  })
  const indexes = ast.indexSignatures.map((index) => {
    const type = rewrite(index.type, seen)
    return type === index.type ? index : new AST.IndexSignature(index.parameter, type, index.isReadonly)
  })
  return isSame(properties, ast.propertySignatures) && isSame(indexes, ast.indexSignatures)
    ? ast
    : new AST.TypeLiteral(properties, indexes, ast.annotations)
}

const tuple = (ast: AST.TupleType, seen: Seen): AST.TupleType => {
  const elements = ast.elements.map((element) => {
    const type = rewrite(element.type, seen)
    return type === element.type ? element : new AST.OptionalType(type, element.isOptional, element.annotations)
  })
  const rest = ast.rest.map((each) => {
    const type = rewrite(each.type, seen)
    return type === each.type ? each : new AST.Type(type, each.annotations)
  })
  return isSame(elements, ast.elements) && isSame(rest, ast.rest)
    ? ast
    : new AST.TupleType(elements, rest, ast.isReadonly, ast.annotations)
}

/** The values that properties have after decoding nothing, by their encoded names. */
const defaultsOf = (transformation: AST.TransformationKind): Defaults => {
  if (transformation._tag !== "TypeLiteralTransformation") return new Map()
  return new Map(
    transformation.propertySignatureTransformations.flatMap(({ decode, from }) =>
      Option.match(defaultOf(decode), { onNone: () => [], onSome: (value) => [[from, value] as const] })
    )
  )
}

/** A default such as a time or an id is another one in each document, which would make each deploy a change. */
const defaultOf = (decode: (nothing: Option.Option<never>) => Option.Option<unknown>): Option.Option<unknown> => {
  const once = Option.flatten(Option.liftThrowable(decode)(Option.none()))
  const again = Option.flatten(Option.liftThrowable(decode)(Option.none()))
  return Option.filter(once, (value) => isPlain(value) && Option.exists(again, (other) => isEqual(value, other)))
}

/** A `Date` made by two calls is equal within a millisecond, so that classes are left out. */
const isPlain = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return Predicate.isNotUndefined(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  const isLiteral = Array.isArray(value) || prototype === Object.prototype || prototype === null
  return isLiteral && Object.values(value).every(isPlain)
}

const isEqual = (one: unknown, other: unknown): boolean =>
  Equal.equals(one, other) || JSON.stringify(one) === JSON.stringify(other)

const isSame = <A>(made: ReadonlyArray<A>, given: ReadonlyArray<A>): boolean =>
  made.every((each, index) => each === given[index])

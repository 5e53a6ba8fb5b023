/** Generates the code that tests a value against a schema. The schema must be one that `Support.isSupported` accepts. */
import * as AST from "effect/SchemaAST"
import { isStrict } from "../../../Internal/StrictJson.js"
import type { Code, Source } from "./Source.js"

/**
 * The expression that tests a value.
 *
 * @param value An expression for the value. The code repeats it, so it must be cheap and without effects.
 */
export const test = (ast: AST.AST, value: Code, source: Source): Code => {
  switch (ast._tag) {
    case "StringKeyword":
      return `typeof ${value} === "string"`
    case "NumberKeyword":
      return `(typeof ${value} === "number" && ${value} - ${value} === 0)`
    case "BooleanKeyword":
      return `typeof ${value} === "boolean"`
    case "UndefinedKeyword":
    case "VoidKeyword":
      return `${value} === undefined`
    case "UnknownKeyword":
    case "AnyKeyword":
      return `(${value} === undefined || ${source.constant(isStrict)}(${value}))`
    case "Literal":
      return oneOf([ast.literal], value, source)
    case "Enums":
      return oneOf(
        ast.enums.map(([, member]) => member),
        value,
        source
      )
    case "TemplateLiteral":
      return `(typeof ${value} === "string" && ${source.constant(AST.getTemplateLiteralRegExp(ast))}.test(${value}))`
    case "Refinement":
      return refinement(ast, value, source)
    case "TypeLiteral":
      return source.call(ast, value, (object) => typeLiteral(ast, object, source))
    case "TupleType":
      return source.call(ast, value, (list) => tuple(ast, list, source))
    case "Union":
      return union(ast, value, source)
    case "Suspend":
      return source.call(ast, value, (inner) => `return ${test(ast.f(), inner, source)};`)
    default:
      return "false"
  }
}

// internal

const oneOf = (all: ReadonlyArray<unknown>, value: Code, source: Source): Code => {
  const values = all.filter(isStrict)
  return values.length > maxComparisons
    ? `${source.constant(new Set(values))}.has(${value})`
    : anyOf(values.map((each) => `${value} === ${source.value(each)}`))
}

/** The number of values up to which comparisons in a row are faster than a look-up in a set. */
const maxComparisons = 16

const anyOf = (tests: ReadonlyArray<Code>): Code => (tests.length === 0 ? "false" : `(${tests.join(" || ")})`)

const union = ({ types }: AST.Union, value: Code, source: Source): Code => {
  const literals = types.filter(AST.isLiteral).map(({ literal }) => literal)
  const others = types.filter((type) => !AST.isLiteral(type))
  return anyOf([
    ...(literals.length === 0 ? [] : [oneOf(literals, value, source)]),
    ...others.map((type) => test(type, value, source))
  ])
}

/** A filter that accepts its value returns `None`. */
const refinement = (ast: AST.Refinement, value: Code, source: Source): Code => {
  const filter = source.constant(ast.filter)
  const rest = `${source.constant(AST.defaultParseOption)}, ${source.constant(ast)}`
  return `(${test(ast.from, value, source)} && ${filter}(${value}, ${rest})._tag === "None")`
}

const typeLiteral = (ast: AST.TypeLiteral, value: Code, source: Source): Code => {
  if (ast.propertySignatures.length + ast.indexSignatures.length === 0) {
    return `return ${value} !== null && ${source.constant(isStrict)}(${value});`
  }
  return `${isPlain(value)} ${ast.indexSignatures.length === 0 ? struct(ast, value, source) : record(ast, value, source)}`
}

/** Only plain objects pass: the Schema copies other objects without the members of their class. */
const isPlain = (value: Code): Code =>
  `if (typeof ${value} !== "object" || ${value} === null) return false;
   const prototype = Object.getPrototypeOf(${value});
   if (prototype !== Object.prototype && prototype !== null) return false;`

/** Accepts objects with exactly the properties of a struct. */
const struct = (ast: AST.TypeLiteral, value: Code, source: Source): Code => {
  const fields = ast.propertySignatures.map(({ isOptional, name, type }) => {
    const [field, key] = [source.fresh(), source.value(String(name))]
    const fits = `if (${test(type, field, source)}) unknown--; else return false;`
    const missing = `${field} === undefined && !Object.hasOwn(${value}, ${key})`
    return `const ${field} = ${value}[${key}]; if (${missing}) { ${isOptional ? "" : "return false;"} } else ${fits}`
  })
  return `let unknown = 0; ${fields.join(" ")} for (const _ in ${value}) unknown++; return unknown === 0;`
}

/** Accepts objects whose keys are properties or fit an index signature. The Schema's copy loses a key `__proto__`. */
const record = (ast: AST.TypeLiteral, value: Code, source: Source): Code => {
  const [key, field] = [source.fresh(), source.fresh()]
  const known = ast.propertySignatures.map(
    ({ name, type }) =>
      `if (${key} === ${source.value(String(name))}) { if (!(${test(type, field, source)})) return false; isExpected = true; }`
  )
  const signatures = ast.indexSignatures.map(
    ({ parameter, type }) =>
      `if (${test(parameter, key, source)}) { if (!(${test(type, field, source)})) return false; isExpected = true; }`
  )
  const required = ast.propertySignatures
    .filter(({ isOptional }) => !isOptional)
    .map(({ name }) => `if (!Object.hasOwn(${value}, ${source.value(String(name))})) return false;`)
  return `for (const ${key} in ${value}) {
      if (${key} === "__proto__") return false;
      const ${field} = ${value}[${key}]; let isExpected = false;
      ${[...known, ...signatures].join(" ")} if (!isExpected) return false;
    }
    ${required.join(" ")} return true;`
}

/** Accepts arrays with the elements of a tuple and the further elements that it permits. */
const tuple = (ast: AST.TupleType, value: Code, source: Source): Code => {
  const required = ast.elements.filter(({ isOptional }) => !isOptional).length
  const elements = ast.elements.map(({ type }, at) => {
    const element = source.fresh()
    return `if (${value}.length > ${at}) { const ${element} = ${value}[${at}]; if (!(${present(type, element, source)})) return false; }`
  })
  const more = source.fresh()
  const rest = ast.rest.map(
    ({ type }) =>
      `for (let i = ${ast.elements.length}; i < ${value}.length; i++) { const ${more} = ${value}[i]; if (!(${present(type, more, source)})) return false; }`
  )
  const most = rest.length === 0 ? ` || ${value}.length > ${ast.elements.length}` : ""
  return `if (!Array.isArray(${value}) || Object.getPrototypeOf(${value}) !== Array.prototype) return false;
    if (${value}.length < ${required}${most}) return false;
    ${elements.join(" ")} ${rest.join(" ")} return true;`
}

/** In a list JSON writes `null` for `undefined`. */
const present = (ast: AST.AST, value: Code, source: Source): Code =>
  mayBeUndefined.has(ast._tag) ? `(${value} !== undefined && ${test(ast, value, source)})` : test(ast, value, source)

const mayBeUndefined: ReadonlySet<AST.AST["_tag"]> = new Set([
  "UndefinedKeyword",
  "VoidKeyword",
  "UnknownKeyword",
  "AnyKeyword",
  "Union",
  "Suspend",
  "Refinement"
])

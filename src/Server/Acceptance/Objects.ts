import type * as AST from "effect/SchemaAST"
import { type Accepts, all, type Compile } from "./Model.js"

/** Objects with the properties of a struct and no others. */
export const struct = (ast: AST.TypeLiteral, compile: Compile): Accepts | undefined => {
  if (ast.propertySignatures.length === 0) return (value) => value !== null && value !== undefined
  const fields = fieldsOf(ast, compile)
  return (
    fields &&
    ((value) => {
      if (!isPlain(value)) return false
      let unknown = 0
      for (const { accepts, isOptional, name } of fields) {
        const found = value[name]
        if (found === undefined && !Object.hasOwn(value, name)) {
          if (!isOptional) return false
        } else if (accepts(found)) unknown--
        else return false
      }
      for (const _ in value) unknown++
      return unknown === 0
    })
  )
}

/** Objects whose keys are properties or fit an index signature. */
export const record = (ast: AST.TypeLiteral, compile: Compile): Accepts | undefined => {
  const fields = fieldsOf(ast, compile)
  const signatures = signaturesOf(ast, compile)
  if (fields === undefined || signatures === undefined) return undefined
  const known = new Map(fields.map((field) => [field.name, field.accepts]))
  const required = fields.filter(({ isOptional }) => !isOptional)
  const fits = (key: string, value: unknown): boolean => {
    const accepts = known.get(key)
    if (accepts?.(value) === false) return false
    let isExpected = accepts !== undefined
    for (const signature of signatures) {
      if (!signature.key(key)) continue
      if (!signature.value(value)) return false
      isExpected = true
    }
    return isExpected
  }
  return (value) => {
    if (!isPlain(value)) return false
    for (const key in value) if (!fits(key, value[key])) return false
    return required.every(({ name }) => Object.hasOwn(value, name))
  }
}

/** Lists with the elements of a tuple, and as many more as it allows. */
export const tuple = (ast: AST.TupleType, compile: Compile): Accepts | undefined => {
  const elements = all(ast.elements.map(typeOf), compile)
  const rest = all(ast.rest.map(typeOf), compile)
  if (elements === undefined || rest === undefined || rest.length > 1) return undefined
  const required = ast.elements.filter(({ isOptional }) => !isOptional).length
  const [more = () => false] = rest
  return (value) => {
    if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) return false
    if (value.length < required) return false
    for (let i = 0; i < value.length; i++) if (!(elements[i] ?? more)(value[i])) return false
    return true
  }
}

interface Field {
  readonly name: string
  readonly isOptional: boolean
  readonly accepts: Accepts
}

/** The properties, unless the name of one is a symbol or is found in every object. */
const fieldsOf = (ast: AST.TypeLiteral, compile: Compile): ReadonlyArray<Field> | undefined => {
  const fields = ast.propertySignatures.flatMap(({ isOptional, name, type }): ReadonlyArray<Field> => {
    const accepts = compile(type)
    return accepts === undefined || typeof name === "symbol" || name in Object.prototype
      ? []
      : [{ name: String(name), isOptional, accepts }]
  })
  return fields.length === ast.propertySignatures.length ? fields : undefined
}

interface Signature {
  readonly key: Accepts
  readonly value: Accepts
}

const signaturesOf = (ast: AST.TypeLiteral, compile: Compile): ReadonlyArray<Signature> | undefined => {
  const signatures = ast.indexSignatures.flatMap(({ parameter, type }): ReadonlyArray<Signature> => {
    const key = compile(parameter)
    const value = compile(type)
    return key === undefined || value === undefined ? [] : [{ key, value }]
  })
  return signatures.length === ast.indexSignatures.length ? signatures : undefined
}

/** Only plain objects: of others the Schema makes a copy without what their class gives them. */
const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const typeOf = ({ type }: AST.Type): AST.AST => type

import type * as AST from "effect/SchemaAST"

/** Says yes only if the Schema would give back the very same value. */
export type Accepts = (value: unknown) => boolean

/** Makes the predicate of a part of a schema, or `undefined` when only the Schema can tell. */
export type Compile = (ast: AST.AST) => Accepts | undefined

/** The predicates of all parts, or `undefined` when one has none. */
export const all = (asts: ReadonlyArray<AST.AST>, compile: Compile): ReadonlyArray<Accepts> | undefined => {
  const compiled = asts.flatMap((ast) => compile(ast) ?? [])
  return compiled.length === asts.length ? compiled : undefined
}

/** Accepts the values themselves. */
export const oneOf = (values: ReadonlyArray<unknown>): Accepts => {
  if (values.length === 1) return (value) => value === values[0]
  const set = new Set(values)
  return (value) => set.has(value)
}

// How TypeDoc is told to read this code's habits: words at the top of a module, services as tags, types of Schemas.
import { resolve } from "node:path"
import * as td from "typedoc"
import ts from "typescript"

const { ReflectionKind } = td

/**
 * The comment at the top of a module. TypeDoc takes it only with `@module`, and otherwise describes the first thing that
 * an index exports with the index's own words.
 */
const headerOf = ({ converter, files }, file) => {
  const range = ts.getLeadingCommentRanges(file.text, 0)?.find(({ pos }) => file.text.startsWith("/**", pos))
  if (range === undefined) return undefined
  const lines = file.text.slice(range.pos + 3, range.end - 2).split("\n")
  const text = lines.map((line) => line.replace(/^\s*\* ?/, "")).join("\n")
  const words = text.replace(/^@[\s\S]*/m, "").trim()
  return new td.Comment(converter.parseRawComment(new td.MinimalSourceFile(words, file.fileName), files).content)
}

/** The second type argument of `class X extends Context.Tag("key")<X, Shape>()`. */
const shapeOf = (declaration) => {
  const base = declaration?.heritageClauses?.[0]?.types[0]?.expression
  const isTag = base !== undefined && ts.isCallExpression(base) && base.expression.getText().startsWith("Context.Tag(")
  return isTag ? base.typeArguments?.[1] : undefined
}

/** `typeof X.Type` and `typeof X.Encoded`. */
const isOfSchema = (type) =>
  ts.isTypeQueryNode(type) && ts.isQualifiedName(type.exprName) && /^(Type|Encoded)$/.test(type.exprName.right.text)

/** Makes an application read modules, tags and types of Schemas; `nameOf` renames the module of a file. */
export const teach = (app, nameOf) => {
  const tags = new Set()

  // `_tag` is declared where tagged classes and structs are made, in Effect, and is what a reader looks for.
  const isExternal = app.converter.isExternal.bind(app.converter)
  app.converter.isExternal = (symbol, checker) => symbol.name !== "_tag" && isExternal(symbol, checker)

  app.converter.on(td.Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    const declarations = context.getSymbolFromReflection(reflection)?.declarations ?? []
    const file = declarations.find(ts.isSourceFile)
    if (file !== undefined && reflection.kindOf(ReflectionKind.SomeModule)) {
      reflection.comment = headerOf(app, file)
      reflection.name = nameOf(resolve(file.fileName)) ?? reflection.name
    }
    const alias = declarations.find(ts.isTypeAliasDeclaration)
    if (alias !== undefined && reflection.kindOf(ReflectionKind.TypeAlias) && isOfSchema(alias.type)) {
      reflection.comment ??= new td.Comment()
      reflection.comment.modifierTags.add("@useDeclaredType")
    }
    const shape = shapeOf(declarations.find(ts.isClassDeclaration))
    if (shape !== undefined && reflection.kindOf(ReflectionKind.Class)) {
      tags.add(reflection)
      const inside = context.withScope(reflection)
      const service = inside.createDeclarationReflection(ReflectionKind.Property, undefined, undefined, "Service")
      service.setFlag(td.ReflectionFlag.Static)
      service.type = context.converter.convertType(inside.withScope(service), shape)
    }
  })

  // What the compiler writes out where a class extends a call, and the constructor of a tag, tell a reader nothing.
  app.converter.on(td.Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const forget = td.makeRecursiveVisitor({ reflection: ({ declaration }) => project.removeReflection(declaration) })
    for (const reflection of project.getReflectionsByKind(ReflectionKind.Class)) {
      for (const type of reflection.extendedTypes ?? []) type.visit(forget)
      delete reflection.extendedTypes
      const constructors = reflection.children?.filter((child) => child.kindOf(ReflectionKind.Constructor)) ?? []
      if (tags.has(reflection)) for (const one of constructors) project.removeReflection(one)
    }
  })
}

/** Drops what leads out of this code, and gives a type of a Schema the Schema's words. */
export const tidy = (project) => {
  for (const reflection of Object.values(project.reflections)) {
    if (reflection.inheritedFrom?.reflection === undefined) delete reflection.inheritedFrom
    if (reflection.overwrites?.reflection === undefined) delete reflection.overwrites
    const sources = reflection.sources?.filter(({ fileName }) => !fileName.includes("node_modules/")) ?? []
    for (const source of sources) source.url = undefined
    reflection.sources = sources.length === 0 ? undefined : sources
    if (!reflection.kindOf(ReflectionKind.TypeAlias) || !reflection.comment || reflection.comment.summary.length > 0) {
      continue
    }
    const value = reflection.parent.children.find(
      ({ kind, name }) => kind === ReflectionKind.Variable && name === reflection.name
    )
    reflection.comment.summary = value?.comment?.summary ?? []
  }
}

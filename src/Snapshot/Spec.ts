/**
 * The spec of a pipeline: its name, its serving settings, and the JSON Schemas of its parameters, outputs and failures.
 */
import * as Effect from "effect/Effect"
import * as JSONSchema from "effect/JSONSchema"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { PipelineExportInvalid, PipelineExportNotFound, PipelineSchemaUnsupported } from "../Errors/Descriptions.js"
import * as SchemaDefaults from "../Internal/SchemaDefaults.js"
import type * as Pipeline from "../Pipeline.js"
import { Bundling, splitBundling } from "../Settings/Bundling.js"

/**
 * A JSON Schema document.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JsonSchemaDocument = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/**
 * The description of a pipeline, known without running it.
 *
 * @category schemas
 * @since 0.1.0
 */
export class PipelineSpec extends Schema.Class<PipelineSpec>("effect-deployers/PipelineSpec")({
  name: Schema.NonEmptyString,
  description: Schema.optional(Schema.String),
  /** JSON Schema of the parameters (encoded side). */
  input: JsonSchemaDocument,
  /** JSON Schema of the outputs (encoded side). */
  output: JsonSchemaDocument,
  /** JSON Schema of the typed failures, when there are any. */
  error: Schema.optional(JsonSchemaDocument),
  /** True if the pipeline has a check. */
  check: Schema.optional(Schema.Literal(true)),
  /** Serving settings of the pipeline. */
  serving: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  /** Bundle settings of the pipeline, if it has any. */
  bundling: Schema.optional(Schema.encodedSchema(Bundling))
}) {}

/** The pipeline's spec and the name of its export. */
export const Described = Schema.TaggedStruct("Described", { export: Schema.String, spec: PipelineSpec })

/** A spec, or the reason of its absence. */
export const Description = Schema.Union(
  Described,
  PipelineExportNotFound,
  PipelineExportInvalid,
  PipelineSchemaUnsupported
)

export type Description = typeof Description.Type

/**
 * Computes the spec of a pipeline. Schemas become JSON Schema 2020-12 documents of their encoded side.
 *
 * **Details**
 *
 * Fails with `PipelineSchemaUnsupported` for the first field that has no JSON form.
 *
 * @category compiling
 * @since 0.1.0
 */
export const compile = (
  pipeline: Pipeline.Pipeline<Schema.Schema.AnyNoContext, Schema.Schema.AnyNoContext, Schema.Schema.All, unknown>
): Effect.Effect<PipelineSpec, PipelineSchemaUnsupported> =>
  Effect.gen(function* () {
    yield* checkMembers(pipeline)
    const input = yield* jsonSchema(pipeline.name, "input", pipeline.input.ast)
    const output = yield* jsonSchema(pipeline.name, "output", pipeline.output.ast)
    const error = AST.isNeverKeyword(pipeline.error.ast)
      ? undefined
      : yield* jsonSchema(pipeline.name, "error", pipeline.error.ast)
    const { bundling, others } = splitBundling(pipeline.settings)
    return new PipelineSpec({
      name: pipeline.name,
      input,
      output,
      serving: others,
      ...(Object.keys(bundling).length === 0 ? {} : { bundling: { ...bundling } }),
      ...(pipeline.check === undefined ? {} : { check: true as const }),
      ...(pipeline.description === undefined ? {} : { description: pipeline.description }),
      ...(error === undefined ? {} : { error })
    })
  })

/** The JSON Schema of the encoded side of a schema of a pipeline. */
export const jsonSchema = (
  pipeline: string,
  schema: PipelineSchemaUnsupported["schema"],
  ast: AST.AST
): Effect.Effect<typeof JsonSchemaDocument.Type, PipelineSchemaUnsupported> =>
  Effect.mapError(
    document(ast),
    () => new PipelineSchemaUnsupported({ pipeline, schema, ...locate(ast, [], new Set()) })
  )

/** The JSON Schema of a Schema; none if it has no JSON form. */
export const jsonSchemaOf = ({ ast }: { readonly ast: AST.AST }): Option.Option<typeof JsonSchemaDocument.Type> =>
  Option.liftThrowable(documentOf)(ast)

// internal

/** The names of the pipelines of a group are parts of paths. */
const checkMembers = ({ app, name }: Parameters<typeof compile>[0]): Effect.Effect<void, PipelineSchemaUnsupported> => {
  const names = (app?.parts ?? []).flatMap((part) => (part._tag === "Member" ? [part.name] : []))
  const wrong = names.find((it, index) => !/^[A-Za-z0-9._~-]+$/.test(it) || names.indexOf(it) !== index)
  return wrong === undefined
    ? Effect.void
    : new PipelineSchemaUnsupported({
        pipeline: name,
        schema: "input",
        path: "pipeline",
        reason: `${JSON.stringify(wrong)} is not a name that a group can have once: letters, digits, ".", "_", "~" and "-"`
      })
}

const target = "jsonSchema2020-12"

const document = (ast: AST.AST): Effect.Effect<typeof JsonSchemaDocument.Type, unknown> =>
  Effect.try(() => documentOf(ast))

const documentOf = (ast: AST.AST): typeof JsonSchemaDocument.Type => {
  const definitions: Record<string, JSONSchema.JsonSchema7> = {}
  const root = JSONSchema.fromAST(SchemaDefaults.annotate(ast), { definitions, target })
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...root,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions })
  }
}

const hasNoJsonForm = (ast: AST.AST): boolean => {
  try {
    JSONSchema.fromAST(ast, { definitions: {}, target })
    return false
  } catch {
    return true
  }
}

interface Culprit {
  readonly path: string
  readonly reason: string
}

interface Part {
  readonly name: ReadonlyArray<string>
  /** The tested schema; a property is tested inside an object, because its JSON form depends on that. */
  readonly whole: AST.AST
  readonly ast: AST.AST
}

/** The innermost part that has no JSON form. */
const locate = (ast: AST.AST, path: ReadonlyArray<string>, seen: Set<AST.AST>): Culprit => {
  const culprit = seen.has(ast) ? undefined : parts(ast).find(({ whole }) => hasNoJsonForm(whole))
  seen.add(ast)
  return culprit === undefined
    ? { path: path.join("."), reason: explain(ast) }
    : locate(culprit.ast, [...path, ...culprit.name], seen)
}

const parts = (ast: AST.AST): ReadonlyArray<Part> => {
  switch (ast._tag) {
    case "TypeLiteral":
      return [
        ...ast.propertySignatures.map((property) => ({
          name: [String(property.name)],
          whole: new AST.TypeLiteral([property], []),
          ast: property.type
        })),
        ...ast.indexSignatures.map((index) => part(["*"], index.type))
      ]
    case "TupleType":
      return [
        ...ast.elements.map((element, index) => part([String(index)], element.type)),
        ...ast.rest.map((rest) => part(["*"], rest.type))
      ]
    case "Union":
      return ast.types.filter((type) => !AST.isUndefinedKeyword(type)).map((type) => part([], type))
    case "Refinement":
    case "Transformation":
      return [part([], ast.from)]
    case "Suspend":
      return Option.isSome(AST.getJSONIdentifier(ast)) ? [part([], ast.f())] : []
    default:
      return []
  }
}

const part = (name: ReadonlyArray<string>, ast: AST.AST): Part => ({ name, whole: ast, ast })

const explain = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "Suspend":
      return 'a schema that contains itself needs an "identifier" annotation'
    case "TupleType":
      return "JSON Schema cannot say what follows the rest of a tuple"
    case "TypeLiteral":
      return "it has keys that are not text"
    default:
      return `${String(ast)} is not JSON`
  }
}

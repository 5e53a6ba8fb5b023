/** Pipelines as tools of the Model Context Protocol. A tool takes and returns an object, and a pipeline any value. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { PipelineSchemaUnsupported } from "../../Errors/Descriptions.js"
import type * as Pipeline from "../../Pipeline.js"
import * as Spec from "../../Snapshot/Spec.js"

/** A pipeline as a tool. */
export interface Tool {
  /** The name of the tool: that of the pipeline, with `_` for characters that tools cannot have. */
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly inputSchema: ObjectSchema
  readonly outputSchema: ObjectSchema
  /** The name of the pipeline in its group; `undefined` for a deployment of one pipeline. */
  readonly member: string | undefined
  /** The parameters of a run for the arguments of a call. */
  readonly parametersOf: (given: Readonly<Record<string, unknown>>) => unknown
  /** The structured content for the outputs of a run. */
  readonly contentOf: (outputs: unknown) => Record<string, unknown>
}

/** A JSON Schema of an object. */
export interface ObjectSchema {
  readonly [name: string]: unknown
  readonly type: "object"
}

/** The tools of a pipeline, or of each pipeline of a group. */
export const make = (
  pipeline: Pipeline.Any,
  title: string | undefined
): Effect.Effect<ReadonlyArray<Tool>, PipelineSchemaUnsupported> => {
  const members = (pipeline.app?.parts ?? []).flatMap((part) => (part._tag === "Member" ? [part] : []))
  return members.length === 0
    ? Effect.map(toolOf(pipeline, toolName(pipeline.name), { title }), (tool) => [tool])
    : Effect.forEach(members, ({ name, pipeline: member }, index) => {
        const given = toolName(name)
        const isTaken = members.slice(0, index).some((other) => toolName(other.name) === given)
        return toolOf(member, isTaken ? `${given}_${index + 1}` : given, { member: name })
      })
}

// internal

/** Clients accept letters, digits, `_` and `-`, and at most 64 of them. */
const toolName = (name: string): string => name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 60) || "pipeline"

const toolOf = (
  { description, input, name: pipeline, output }: Pick<Pipeline.Any, "description" | "input" | "name" | "output">,
  name: string,
  { member, title }: { readonly member?: string; readonly title?: string | undefined }
): Effect.Effect<Tool, PipelineSchemaUnsupported> =>
  Effect.gen(function* () {
    const parameters = objectOf(yield* Spec.jsonSchema(pipeline, "input", input.ast), "parameters")
    const outputs = objectOf(yield* Spec.jsonSchema(pipeline, "output", output.ast), "outputs")
    return {
      name,
      title,
      description,
      member,
      inputSchema: parameters.schema,
      outputSchema: outputs.schema,
      parametersOf: (given) => (parameters.isWrapped ? given["parameters"] : given),
      contentOf: (value) => (outputs.isWrapped || !Predicate.isRecord(value) ? { outputs: value ?? null } : value)
    }
  })

/** The schema of an object, or that of an object with one member for a schema of other values. */
const objectOf = (
  document: typeof Spec.JsonSchemaDocument.Type,
  member: string
): { schema: ObjectSchema; isWrapped: boolean } => {
  if (document["$id"] === idOfNoMembers) return { schema: { type: "object", properties: {} }, isWrapped: false }
  const { $defs, $schema: _, ...root } = withoutIds(document) as Record<string, unknown>
  const schema = resolved(root, $defs)
  const definitions = $defs === undefined ? {} : { $defs }
  return schema["type"] === "object"
    ? { schema: { ...schema, ...definitions, type: "object" }, isWrapped: false }
    : {
        schema: { type: "object", properties: { [member]: root }, required: [member], ...definitions },
        isWrapped: true
      }
}

/** The schema of a struct without members. */
const idOfNoMembers = "/schemas/%7B%7D"

/** A root that refers to a definition, as that of a class does. */
const resolved = (root: Record<string, unknown>, definitions: unknown): Record<string, unknown> => {
  const name = typeof root["$ref"] === "string" ? /^#\/\$defs\/(.+)$/.exec(root["$ref"])?.[1] : undefined
  if (name === undefined || !Predicate.isRecord(definitions)) return root
  const found = definitions[decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~")]
  return Predicate.isRecord(found) ? found : root
}

/** Effect gives each schema of any value the same `$id`, and validators accept an id once. */
const withoutIds = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutIds)
  if (!Predicate.isRecord(value)) return value
  const entries = Object.entries(value).filter(([name, it]) => !(name === "$id" && String(it).startsWith("/schemas/")))
  return Object.fromEntries(entries.map(([name, it]) => [name, withoutIds(it)]))
}

/**
 * The bodies of `POST /invoke`: the request, the answer of a run that succeeded, and a typed failure of the pipeline.
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { EncodedJson } from "../Internal/EncodedJson.js"
import * as SchemaDefaults from "../Internal/SchemaDefaults.js"
import type * as Pipeline from "../Pipeline.js"
import { StepTimedOut } from "../Step.js"

/**
 * The part of a successful answer that describes the run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunMetadata = Schema.Struct({
  deploymentId: Schema.String,
  deploymentName: Schema.String,
  snapshotId: Schema.String,
  /** `pipeline@version`. */
  snapshotName: Schema.String,
  pipelineName: Schema.String,
  runId: Schema.String,
  runIndex: Schema.Int,
  runName: Schema.String,
  /** The parameters with defaults filled in, encoded. */
  parametersUsed: Schema.Unknown
})

export type RunMetadata = typeof RunMetadata.Type

/**
 * The body of an invocation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const invokePayload = <I extends Schema.Schema.AnyNoContext>(input: I) =>
  Schema.Struct({ parameters: input, ...options })

/** The input for documents, which show the defaults of its parameters. */
export const shownInput = <A, I>(input: Schema.Schema<A, I>): Schema.Schema<A, I> =>
  Schema.make(SchemaDefaults.annotate(input.ast))

/**
 * The answer of an invocation that succeeded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const invokeSuccess = <O extends Schema.Schema.AnyNoContext>(output: O) =>
  Schema.Struct({
    success: Schema.Literal(true),
    outputs: output,
    /** Milliseconds from the acceptance of the run to the end of its program, down to a microsecond. */
    executionTimeMillis: Schema.Number,
    metadata: RunMetadata
  })

/**
 * A typed failure as a run record contains it. `error` is the failure itself; `_tag` and `message` are those of the
 * failure.
 */
export const recordedFailure = <E extends Schema.Schema.AnyNoContext>(error: E) =>
  Schema.Struct({ _tag: Schema.String, message: Schema.String, error })

/**
 * A typed failure of a pipeline on the wire. `error` is the failure itself, decoded; `_tag` and `message` are its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface PipelineFailure<E> {
  readonly _tag: string
  readonly message: string
  readonly error: E
  readonly runId: string
}

/**
 * The typed failures of a pipeline on the wire: one member per member of its error schema and one for a step that
 * timed out, each with its HTTP status.
 *
 * @category schemas
 * @since 0.1.0
 */
export const invokeFailure = <E extends Schema.Schema.All>(pipeline: {
  readonly error: E
}): Schema.Schema<PipelineFailure<Pipeline.Failure<{ readonly error: E }>>, unknown> =>
  Schema.make<PipelineFailure<Pipeline.Failure<{ readonly error: E }>>, unknown, never>(
    AST.Union.make(
      failureMembers(pipeline).map(
        ({ schema, status }) =>
          Schema.Struct({
            ...recordedFailure(schema).fields,
            _tag: tagOf(schema.ast),
            runId: Schema.String
          }).annotations(HttpApiSchema.annotations({ status, description: "A typed failure of the pipeline." })).ast
      )
    )
  )

/** The metadata of a run whose outputs are no JSON: its parameters are in its record only. */
export const ResultMetadata = Schema.Struct({
  ...RunMetadata.omit("parametersUsed").fields,
  executionTimeMillis: Schema.Number
})

export type ResultMetadata = typeof ResultMetadata.Type

/** The header of a response of bytes that has the metadata of its run, as JSON with the escapes of URLs. */
export const metadataHeader = "x-run-metadata"

/** The value of {@link metadataHeader}. */
export const encodeMetadata = (metadata: ResultMetadata): string => encodeURIComponent(JSON.stringify(metadata))

/** The metadata in a value of {@link metadataHeader}; none if it is not one. */
export const decodeMetadata = (value: string): Option.Option<ResultMetadata> =>
  Option.flatMap(Option.liftThrowable(decodeURIComponent)(value), decodeResult)

/** The constant members of {@link RunMetadata} for one deployment. */
export type Identity = Omit<RunMetadata, "runId" | "runIndex" | "runName" | "parametersUsed">

/** The members of a successful answer that differ between runs. */
export interface Success extends Pick<RunMetadata, "runId" | "runIndex" | "runName"> {
  readonly parametersUsed: EncodedJson | undefined
  readonly outputs: EncodedJson | undefined
  readonly executionTimeMillis: number
}

/**
 * Makes the writer of {@link invokeSuccess}. It concatenates text: most of an answer is constant, and outputs and
 * parameters are JSON already.
 */
export const successWriter = (identity: Identity): ((success: Success) => string) => {
  const fixed = JSON.stringify(identity).slice(1, -1)
  const member = (name: string, json: EncodedJson | undefined) => (json === undefined ? "" : `,"${name}":${json.text}`)
  return ({ executionTimeMillis, outputs, parametersUsed, runId, runIndex, runName }) => {
    const metadata = `{${fixed},"runId":"${runId}","runIndex":${runIndex},"runName":${JSON.stringify(runName)}${member("parametersUsed", parametersUsed)}}`
    return `{"success":true${member("outputs", outputs)},"executionTimeMillis":${executionTimeMillis},"metadata":${metadata}}`
  }
}

/** One member of a pipeline's error schema with the status of its answer. */
export interface FailureMember {
  readonly schema: Schema.Schema<unknown, unknown>
  readonly status: number
}

/** The members of a pipeline's error schema, and {@link StepTimedOut}, which every pipeline may let pass. */
export const failureMembers = ({ error }: { readonly error: Schema.Schema.All }): ReadonlyArray<FailureMember> => [
  ...flatten(error.ast, defaultStatus),
  ...flatten(StepTimedOut.ast, defaultStatus)
]

/** The tag of a failure that has none. */
export const untagged = "PipelineFailed"

// internal

const decodeResult = Schema.decodeUnknownOption(Schema.parseJson(ResultMetadata))

/** The optional members of a request. */
const options = {
  /** Name of the run; default: the pipeline's name and the run's index. */
  runName: Schema.optional(
    Schema.String.pipe(Schema.minLength(1), Schema.maxLength(200)).annotations({
      description: "a text of 1 to 200 characters"
    })
  ),
  /** Deadline of the run in milliseconds. */
  timeoutMillis: Schema.optional(
    Schema.Int.pipe(Schema.greaterThanOrEqualTo(1)).annotations({ description: "a whole number of at least 1" })
  ),
  /** Records only statuses and times of the run, not its data; default false. */
  skipArtifacts: Schema.optional(Schema.Boolean)
}

/** The tag on the wire: that of the failure, or `PipelineFailed` for a failure that cannot have one. */
const tagOf = (ast: AST.AST): Schema.Schema<string> => {
  switch (ast._tag) {
    case "Refinement":
      return tagOf(ast.from)
    case "Transformation":
      return ast.to._tag === "TypeLiteral" ? tagOf(ast.to) : tagOf(ast.from)
    case "TypeLiteral": {
      const tag = ast.propertySignatures.find(({ name }) => name === "_tag")?.type
      if (tag === undefined) return ast.indexSignatures.length > 0 ? Schema.String : literal(untagged)
      return tag._tag === "Literal" && Predicate.isString(tag.literal) ? literal(tag.literal) : Schema.String
    }
    case "StringKeyword":
    case "NumberKeyword":
    case "BooleanKeyword":
    case "Literal":
    case "TemplateLiteral":
    case "Enums":
      return literal(untagged)
    default:
      return Schema.String
  }
}

const literal = (text: string) => Schema.make<string, string, never>(new AST.Literal(text))

/** The status of a typed failure whose schema names none. */
const defaultStatus = 422

const flatten = (ast: AST.AST, status: number): ReadonlyArray<FailureMember> => {
  if (ast._tag === "NeverKeyword") return []
  const own = HttpApiSchema.getStatus(ast, status)
  return ast._tag === "Union"
    ? ast.types.flatMap((type) => flatten(type, own))
    : [{ schema: Schema.make<unknown, unknown, never>(ast), status: own }]
}

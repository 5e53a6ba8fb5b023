/**
 * The body of an invocation.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { InvalidRequest } from "../Errors/Http.js"
import type * as Pipeline from "../Pipeline.js"
import * as Issues from "./Issues.js"

/**
 * What a body may say besides the parameters.
 *
 * @category schemas
 * @since 0.1.0
 */
export const options = {
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

const Envelope = Schema.Struct({ parameters: Schema.Unknown, ...options })

/**
 * A decoded body. `parametersUsed` are the encoded parameters with defaults filled in.
 *
 * @category models
 * @since 0.1.0
 */
export interface InvokeRequest {
  readonly parameters: unknown
  readonly parametersUsed: unknown
  readonly runName: string | undefined
  readonly timeoutMillis: number | undefined
  readonly skipArtifacts: boolean
}

/**
 * Makes the decoder of a pipeline's invocations.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decoder = (pipeline: Pipeline.Any): ((body: unknown) => Effect.Effect<InvokeRequest, InvalidRequest>) => {
  const decodeEnvelope = ParseResult.decodeUnknown(Envelope, strict)
  const decodeInput = ParseResult.decodeUnknown(pipeline.input, strict)
  const encodeInput = ParseResult.encodeUnknown(pipeline.input)
  return (body) => {
    if (!Predicate.isRecord(body)) {
      return Effect.fail(invalid([Issues.make([], 'must be an object such as { "parameters": {...} }')]))
    }
    if (!Object.hasOwn(body, "parameters")) return Effect.fail(invalid([Issues.make(["parameters"], "is missing")]))
    return Effect.flatMap(
      Effect.mapError(decodeEnvelope(body), (issue) => invalidOf(issue, [])),
      (envelope) =>
        Effect.flatMap(
          Effect.mapError(decodeInput(envelope.parameters), (issue) => invalidOf(issue, ["parameters"])),
          (parameters) =>
            Effect.map(
              Effect.mapError(encodeInput(parameters), (issue) => invalidOf(issue, ["parameters"])),
              (parametersUsed) => ({
                parameters,
                parametersUsed,
                runName: envelope.runName,
                timeoutMillis: envelope.timeoutMillis,
                skipArtifacts: envelope.skipArtifacts ?? false
              })
            )
        )
    )
  }
}

// internal

/** A name nobody knows is more likely a typo than something to ignore; the OpenAPI document says so too. */
const strict = { errors: "all", onExcessProperty: "error" } as const

const invalid = Issues.invalidRequest

const invalidOf = (issue: ParseResult.ParseIssue, prefix: ReadonlyArray<PropertyKey>): InvalidRequest =>
  invalid(Issues.fromParseIssue(issue, prefix))

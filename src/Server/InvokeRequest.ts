/**
 * The body of an invocation.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { InvalidRequest } from "../Errors/Http.js"
import { lazily } from "../Lazily.js"
import type * as Pipeline from "../Pipeline.js"
import * as EncodedJson from "../Store/EncodedJson.js"
import * as Acceptance from "./Acceptance.js"
import * as Codec from "./Codec.js"
import * as Issues from "./Issues.js"
import * as JsonText from "./JsonText.js"

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
  readonly parametersUsed: EncodedJson.EncodedJson | undefined
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
export const decoder = (
  pipeline: Pipeline.Any
): ((body: JsonText.Parsed) => Effect.Effect<InvokeRequest, InvalidRequest>) => {
  const decodeEnvelope = Codec.decoder(Envelope)
  const decodeParameters = parametersDecoder(pipeline)
  const isEnvelope = Acceptance.compile(Envelope.ast)
  const areParameters = Acceptance.compile(pipeline.input.ast)
  return (parsed) => {
    const body = parsed.value
    if (!Predicate.isRecord(body)) {
      return Either.left(invalid([Issues.make([], 'must be an object such as { "parameters": {...} }')]))
    }
    if (!Object.hasOwn(body, "parameters")) return Either.left(invalid([Issues.make(["parameters"], "is missing")]))
    const { parameters } = body
    if (areParameters?.(parameters) === true && isEnvelope?.(body) === true) {
      return Either.right(
        requestOf(body, { parameters, parametersUsed: asSent(parsed) ?? EncodedJson.encode(parameters) })
      )
    }
    return ParseResult.flatMap(
      ParseResult.mapError(decodeEnvelope(body), (issue) => invalidOf(issue, [])),
      (envelope) =>
        ParseResult.mapBoth(decodeParameters(envelope.parameters), {
          onFailure: (issue) => invalidOf(issue, ["parameters"]),
          onSuccess: (decoded) => requestOf(envelope, decoded)
        })
    )
  }
}

// internal

type Parameters = Pick<InvokeRequest, "parameters" | "parametersUsed">

const requestOf = (
  { runName, skipArtifacts = false, timeoutMillis }: Partial<typeof Envelope.Type>,
  { parameters, parametersUsed }: Parameters
): InvokeRequest => ({ parameters, parametersUsed, runName, timeoutMillis, skipArtifacts })

/** For what is not right as it is. */
const parametersDecoder = (
  pipeline: Pipeline.Any
): ((value: unknown) => Effect.Effect<Parameters, ParseResult.ParseIssue>) => {
  const decode = Codec.decoder(pipeline.input)
  const encode = lazily(() => ParseResult.encodeUnknown(pipeline.input))
  return (value) =>
    ParseResult.flatMap(decode(value), (parameters) =>
      ParseResult.map(encode()(parameters), (encoded) => ({ parameters, parametersUsed: EncodedJson.encode(encoded) }))
    )
}

/** Writing a kilobyte of JSON again takes about as long as serving the request. */
const asSent = (body: JsonText.Parsed): EncodedJson.EncodedJson | undefined => {
  const text = JsonText.onlyMember(body, "parameters")
  return text === undefined ? undefined : new EncodedJson.EncodedJson(text)
}

const invalid = Issues.invalidRequest

const invalidOf = (issue: ParseResult.ParseIssue, prefix: ReadonlyArray<PropertyKey>): InvalidRequest =>
  invalid(Issues.fromParseIssue(issue, prefix))

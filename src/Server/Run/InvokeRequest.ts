/** The body of an invocation. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { invokePayload } from "../../Contract/Envelope.js"
import type { InvalidRequest } from "../../Contract/Errors.js"
import * as EncodedJson from "../../Internal/EncodedJson.js"
import { memoize } from "../../Internal/Memoize.js"
import type * as Pipeline from "../../Pipeline.js"
import * as CompiledPredicate from "../HotPath/CompiledPredicate.js"
import * as SchemaCodec from "../HotPath/SchemaCodec.js"
import * as SafeJson from "./SafeJson.js"
import * as ValidationIssues from "./ValidationIssues.js"

const Envelope = invokePayload(Schema.Unknown)

/** A decoded body. `parametersUsed` are the encoded parameters with defaults filled in. */
export interface InvokeRequest {
  readonly parameters: unknown
  readonly parametersUsed: EncodedJson.EncodedJson | undefined
  readonly runName: string | undefined
  readonly timeoutMillis: number | undefined
  readonly skipArtifacts: boolean
}

/** Makes the decoder of a pipeline's invocations. */
export const decoder = (
  pipeline: Pipeline.Any
): ((body: SafeJson.Parsed) => Effect.Effect<InvokeRequest, InvalidRequest>) => {
  const decodeEnvelope = SchemaCodec.decoder(Envelope)
  const decodeParameters = parametersDecoder(pipeline)
  const isEnvelope = CompiledPredicate.compile(Envelope.ast)
  const areParameters = CompiledPredicate.compile(pipeline.input.ast)
  return (parsed) => {
    const body = parsed.value
    if (!Predicate.isRecord(body)) {
      return Either.left(invalid([ValidationIssues.make([], 'must be an object such as { "parameters": {...} }')]))
    }
    if (!Object.hasOwn(body, "parameters"))
      return Either.left(invalid([ValidationIssues.make(["parameters"], "is missing")]))
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
  const decode = SchemaCodec.decoder(pipeline.input)
  const encode = memoize(() => ParseResult.encodeUnknown(pipeline.input))
  return (value) =>
    ParseResult.flatMap(decode(value), (parameters) =>
      ParseResult.map(encode()(parameters), (encoded) => ({ parameters, parametersUsed: EncodedJson.encode(encoded) }))
    )
}

/** Writing a kilobyte of JSON again takes about as long as serving the request. */
const asSent = (body: SafeJson.Parsed): EncodedJson.EncodedJson | undefined => {
  const text = SafeJson.onlyMember(body, "parameters")
  return text === undefined ? undefined : new EncodedJson.EncodedJson(text)
}

const invalid = ValidationIssues.invalidRequest

const invalidOf = (issue: ParseResult.ParseIssue, prefix: ReadonlyArray<PropertyKey>): InvalidRequest =>
  invalid(ValidationIssues.fromParseIssue(issue, prefix))

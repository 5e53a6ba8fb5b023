/** A request to run the pipeline: its body, the response that its headers choose, and the options of the run. */
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
import type * as Settings from "../../Settings.js"
import * as CompiledPredicate from "../HotPath/CompiledPredicate.js"
import * as SchemaCodec from "../HotPath/SchemaCodec.js"
import type { ActiveRun } from "./ActiveRun.js"
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

/** The outputs when the run has ended, an acceptance at once, or the events of the run. */
export type ResponseMode = "wait" | "async" | "stream"

/** The headers that choose a mode. */
export interface PreferenceHeaders {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
  readonly accept?: string | undefined
  readonly prefer?: string | ReadonlyArray<string> | undefined
}

/**
 * The mode of a request: `stream` for `Accept: text/event-stream`, else `async` for `Prefer: respond-async` (RFC 7240). A
 * service that records no runs ignores that preference, because a later request could not find the run.
 */
export const modeOf = ({ accept, prefer }: PreferenceHeaders, { recording }: Settings.Serving): ResponseMode => {
  if (accept?.includes("event-stream") === true && accept.split(",").some(isEventStream)) return "stream"
  if (prefer === undefined || recording === "none") return "wait"
  return String(prefer).split(",").some(isRespondAsync) ? "async" : "wait"
}

/** The options of one run. */
export interface InvokeOptions {
  /** Answers as soon as the run is accepted and stored. The run then continues when its caller disconnects. */
  readonly isDetached: boolean
  /** Called with the run before it starts. */
  readonly onAccepted: ((run: ActiveRun) => void) | undefined
  /** The id that the run must have, and the key under which its answer is stored. */
  readonly claim?: { readonly runId: string; readonly key: string } | undefined
}

/** The options of runs that are answered with one JSON value. */
export const optionsOf: { readonly [Mode in Exclude<ResponseMode, "stream">]: InvokeOptions } = {
  wait: { isDetached: false, onAccepted: undefined },
  async: { isDetached: true, onAccepted: undefined }
}

// internal

type Parameters = Pick<InvokeRequest, "parameters" | "parametersUsed">

const requestOf = (
  { runName, skipArtifacts = false, timeoutMillis }: Partial<typeof Envelope.Type>,
  { parameters, parametersUsed }: Parameters
): InvokeRequest => ({ parameters, parametersUsed, runName, timeoutMillis, skipArtifacts })

/** The slow path, for parameters that the compiled predicate does not accept. */
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

const isEventStream = (element: string): boolean => {
  const [type = "", ...parameters] = element.split(";")
  return (
    type.trim().toLowerCase() === "text/event-stream" && !parameters.some((it) => /^\s*q\s*=\s*0(\.0*)?\s*$/i.test(it))
  )
}

const isRespondAsync = (element: string): boolean => {
  const [name = ""] = element.split(/[;=]/)
  return name.trim().toLowerCase() === "respond-async"
}

/** A request to run the pipeline: its body, the response that its headers choose, and the options of the run. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Tracer from "effect/Tracer"
import { invokePayload } from "../../Contract/Envelope.js"
import type { InvalidRequest } from "../../Contract/Errors.js"
import type { CallerKey } from "../../Contract/Keys.js"
import * as EncodedJson from "../../Internal/EncodedJson.js"
import * as LostDates from "../../Internal/LostDates.js"
import { memoize } from "../../Internal/Memoize.js"
import * as StrictJson from "../../Internal/StrictJson.js"
import * as Pipeline from "../../Pipeline.js"
import type { RunRequest } from "../../Run.js"
import type * as Settings from "../../Settings.js"
import * as CompiledPredicate from "../HotPath/CompiledPredicate.js"
import * as SchemaCodec from "../HotPath/SchemaCodec.js"
import type { Kept } from "./Durable/Kept.js"
import type { ActiveRun } from "./Execution/ActiveRun.js"
import type { RunFiles } from "./Files/RunFiles.js"
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
  const isRequest = CompiledPredicate.compile(invokePayload(pipeline.input).ast)
  return (parsed) => {
    const body = parsed.value
    if (!Predicate.isRecord(body)) {
      return Either.left(invalid([ValidationIssues.make([], 'must be an object such as { "parameters": {...} }')]))
    }
    if (!Object.hasOwn(body, "parameters"))
      return Either.left(invalid([ValidationIssues.make(["parameters"], "is missing")]))
    const { parameters } = body
    if (isRequest?.(body) === true) {
      return Either.right(
        requestOf(body, { parameters, parametersUsed: asSent(parsed) ?? EncodedJson.encode(parameters) })
      )
    }
    return ParseResult.flatMap(
      ParseResult.mapError(decodeEnvelope(body), (issue) => invalidOf(issue, [])),
      (envelope) => ParseResult.map(decodeParameters(envelope.parameters), (decoded) => requestOf(envelope, decoded))
    )
  }
}

/**
 * The outputs when the run has ended, an acceptance at once, the events of the run, or its elements as lines of JSON.
 */
export type ResponseMode = "wait" | "async" | FollowingMode

/** The modes of a caller that receives parts of a run while it is in progress. */
export type FollowingMode = "stream" | "lines"

/** True for a caller that receives parts of a run while it is in progress. */
export const isFollowing = (mode: ResponseMode): mode is FollowingMode => mode === "stream" || mode === "lines"

/** The headers that choose a mode. */
export interface PreferenceHeaders {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
  readonly accept?: string | undefined
  readonly prefer?: string | ReadonlyArray<string> | undefined
}

/**
 * Makes the function that reads the mode of a request: `stream` for `Accept: text/event-stream`; for a pipeline that streams,
 * `lines` for `Accept: application/x-ndjson`; else `async` for `Prefer: respond-async` (RFC 7240). A service that records no
 * runs ignores that preference, because a later request could not find the run.
 */
export const modes = (
  { output }: Pick<Pipeline.Any, "output">,
  { recording }: Settings.Serving
): ((headers: PreferenceHeaders) => ResponseMode) => {
  const modeOf = ({ accept, prefer }: PreferenceHeaders): ResponseMode => {
    if (accept?.includes("event-stream") === true && accepts(accept, "text/event-stream")) return "stream"
    if (prefer === undefined || recording === "none") return "wait"
    return String(prefer).split(",").some(isRespondAsync) ? "async" : "wait"
  }
  if (!Pipeline.isElements(output)) return modeOf
  return (headers) => {
    const mode = modeOf(headers)
    return mode !== "stream" && headers.accept !== undefined && accepts(headers.accept, "application/x-ndjson")
      ? "lines"
      : mode
  }
}

/** The source of a run, for the log. */
export interface Origin {
  readonly requestId?: string | undefined
  /** The span of the caller, which the run continues. */
  readonly parent?: Tracer.AnySpan | undefined
  /** The key of the caller. */
  readonly caller?: CallerKey | undefined
  /** The session that the caller names, unchecked. */
  readonly session?: string | undefined
  /** Describes the request that starts the run. A function, because few pipelines ask. */
  readonly request?: (() => RunRequest) | undefined
  /** The URL that is called when the run ends, checked. */
  readonly webhook?: string | undefined
  /** The files of the request, which the run removes at its end. */
  readonly files?: RunFiles | undefined
}

/** The options of one run. */
export interface InvokeOptions extends Origin {
  /** Answers as soon as the run is accepted and stored. The run then continues when its caller disconnects. */
  readonly isDetached: boolean
  /** Called with the run before it starts. */
  readonly onAccepted: ((run: ActiveRun) => void) | undefined
  /** Waits until the caller takes the next element of a pipeline that streams; none for a caller that does not follow. */
  readonly pace?: (() => Effect.Effect<void>) | undefined
  /** The id that the run must have, and the key under which its answer is stored. */
  readonly claim?: { readonly runId: string; readonly key: string } | undefined
  /** The results that the run takes from another one. */
  readonly kept?: Kept | undefined
}

/** The options of a run that is answered with one JSON value. Member by member: a spread is slower than the rest of it. */
export const optionsOf = (
  mode: Exclude<ResponseMode, FollowingMode>,
  { caller, files, parent, request, requestId, session, webhook }: Origin
): InvokeOptions => ({
  isDetached: mode === "async",
  onAccepted: undefined,
  claim: undefined,
  requestId,
  parent,
  caller,
  session,
  request,
  webhook,
  files
})

// internal

type Parameters = Pick<InvokeRequest, "parameters" | "parametersUsed">

const requestOf = (
  { runName, skipArtifacts = false, timeoutMillis }: Partial<typeof Envelope.Type>,
  { parameters, parametersUsed }: Parameters
): InvokeRequest => ({ parameters, parametersUsed, runName, timeoutMillis, skipArtifacts })

/** The slow path, for parameters that the compiled predicate does not accept. */
const parametersDecoder = (pipeline: Pipeline.Any): ((value: unknown) => Effect.Effect<Parameters, InvalidRequest>) => {
  const decode = SchemaCodec.decoder(pipeline.input)
  const encode = memoize(() => ParseResult.encodeUnknown(pipeline.input))
  return (value) =>
    ParseResult.flatMap(ParseResult.mapError(decode(value), invalidParameters), (parameters) =>
      ParseResult.flatMap(ParseResult.mapError(encode()(parameters), invalidParameters), (encoded) => {
        const problem = StrictJson.problemOf(encoded) ?? LostDates.ofInput(value, encoded)
        return problem === undefined
          ? Either.right({ parameters, parametersUsed: EncodedJson.encode(encoded) })
          : Either.left(invalid([ValidationIssues.make(["parameters", ...problem.path], problem.reason)]))
      })
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

const invalidParameters = (issue: ParseResult.ParseIssue): InvalidRequest => invalidOf(issue, ["parameters"])

/** True if a type is accepted, and JSON is not preferred to it. */
const accepts = (accept: string, wanted: string): boolean => {
  const quality = qualityOf(accept, wanted)
  return quality > 0 && quality >= qualityOf(accept, "application/json")
}

/** The quality of a type that an `Accept` header names; 0 for another one. */
const qualityOf = (accept: string, wanted: string): number => {
  const element = accept.split(",").find((it) => it.split(";")[0]?.trim().toLowerCase() === wanted)
  if (element === undefined) return 0
  const quality = /;\s*q\s*=\s*([\d.]+)\s*(?:;|$)/i.exec(element)?.[1]
  return quality === undefined ? 1 : Number(quality)
}

const isRespondAsync = (element: string): boolean => {
  const [name = ""] = element.split(/[;=]/)
  return name.trim().toLowerCase() === "respond-async"
}

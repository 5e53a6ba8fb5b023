/** The traces of runs: the span of a caller in the headers of its request, and the span of a run. */
import * as Headers from "@effect/platform/Headers"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Spans from "../../../Internal/Spans.js"
import { TraceState } from "../../../Internal/TraceState.js"
import type * as InvokeRequest from "../InvokeRequest.js"
import type { RunRuntime } from "./RunFiber.js"
import type { Identity } from "./RunOutcome.js"

/**
 * The span of a caller: `traceparent` (W3C), else `b3` or the headers of B3. Ids that are not those of a span count as none:
 * logs and other services get them.
 */
export const parentOf = (headers: InvokeRequest.PreferenceHeaders): Tracer.ExternalSpan | undefined => {
  if (headers["traceparent"] === undefined && headers["b3"] === undefined && headers["x-b3-traceid"] === undefined) {
    return undefined
  }
  const given = names.flatMap((name) => {
    const value = headers[name]
    return typeof value === "string" ? [[name, value] as const] : []
  })
  const span = Option.getOrUndefined(HttpTraceContext.fromHeaders(Headers.fromInput(given)))
  if (span === undefined || !isTraceId(span.traceId) || !isSpanId(span.spanId)) return undefined
  const state = headers["tracestate"]
  return typeof state === "string" && isTraceState(state)
    ? Tracer.externalSpan({ ...span, context: Context.add(span.context, TraceState, state) })
    : span
}

/** The parent of a run in an app of the platform: the span of the server around the app, else that of the caller. */
export const parentOfPlatform = (request: HttpServerRequest): Effect.Effect<Tracer.AnySpan | undefined> =>
  Effect.map(Effect.option(Effect.currentParentSpan), (current) =>
    Option.getOrElse(current, () => parentOf(request.headers))
  )

/** The attributes of the spans of a run; none if the run has no spans, because no tracer and no caller asks for them. */
export const attributesOf = (
  runtime: RunRuntime,
  { parent }: InvokeRequest.InvokeOptions,
  runId: string,
  runName: string,
  pipeline: string,
  identity: Identity
): Spans.Attributes | undefined =>
  runtime.isTraced || parent !== undefined
    ? {
        "deployers.deployment.id": identity.deploymentId,
        "deployers.deployment.name": identity.deploymentName,
        "deployers.snapshot.name": identity.snapshotName,
        "deployers.pipeline.name": pipeline,
        "deployers.run.id": runId,
        "deployers.run.name": runName
      }
    : undefined

/** The program of a run in its span. */
export const spanned = (
  program: Effect.Effect<unknown, unknown>,
  attributes: Spans.Attributes,
  parent: Tracer.AnySpan | undefined,
  errorType: () => string | undefined
): Effect.Effect<unknown, unknown> =>
  Spans.spanned(program, `run ${String(attributes["deployers.pipeline.name"])}`, {
    attributes,
    kind: "server",
    errorType,
    ...(parent === undefined ? { root: true } : { parent })
  })

// internal

const names = ["traceparent", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"] as const

const isTraceId = (id: string): boolean => /^(?:[0-9a-f]{16}){1,2}$/i.test(id) && !/^0+$/.test(id)

/** Printable ASCII, as W3C limits it. */
const isTraceState = (text: string): boolean => /^[\x20-\x7e]{1,512}$/.test(text)

const isSpanId = (id: string): boolean => /^[0-9a-f]{16}$/i.test(id) && !/^0+$/.test(id)

/** Spans of runs and steps. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Tracer from "effect/Tracer"

/** The attributes of a span. */
export type Attributes = Readonly<Record<string, unknown>>

/** The options of a span. `errorType` names the failure of an interruption. */
export interface Options {
  readonly attributes: Attributes
  readonly kind?: Tracer.SpanKind
  /** The span of the caller; default the current one. */
  readonly parent?: Tracer.AnySpan | undefined
  /** True for a span without a parent. */
  readonly root?: boolean
  readonly errorType?: () => string | undefined
}

/** Runs an effect in a span, which has `error.type` when the effect fails. */
export const spanned = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  name: string,
  { errorType, parent, ...options }: Options
): Effect.Effect<A, E, R> =>
  // Sound because an effect that asks for a parent gets one.
  Effect.useSpan(name, { ...options, ...(parent === undefined ? {} : { parent }), captureStackTrace: false }, (span) =>
    Effect.onError(Effect.withParentSpan(self, span), (cause) =>
      Effect.sync(() => {
        const type = Cause.isInterruptedOnly(cause) ? errorType?.() : typeOf(cause)
        if (type !== undefined) span.attribute("error.type", type)
      })
    )
  ) as Effect.Effect<A, E, R>

/** True if a program has given its fibers a tracer of its own: the default one collects no spans. */
export const hasTracer = (refs: FiberRefs.FiberRefs): boolean =>
  FiberRefs.getOrDefault(refs, FiberRef.currentTracerEnabled) &&
  Context.get(FiberRefs.getOrDefault(refs, DefaultServices.currentServices), Tracer.Tracer) !== defaultTracer

// internal

const defaultTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

const typeOf = <E>(cause: Cause.Cause<E>): string => {
  const error: unknown = Option.getOrElse(Cause.failureOption(cause), () => Cause.squash(cause))
  if (Predicate.hasProperty(error, "_tag") && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : "PipelineFailed"
}

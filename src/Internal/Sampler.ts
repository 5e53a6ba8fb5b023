/** The choice of the traces that a tracer exports, by the samplers of OpenTelemetry. */
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** A sampler by its name in `OTEL_TRACES_SAMPLER`; `ratio` counts for `traceidratio`. */
export interface Sampler {
  readonly name: `${"parentbased_" | ""}${"always_on" | "always_off" | "traceidratio"}`
  /** From 0 to 1. */
  readonly ratio: number
}

/** A tracer whose spans that are not chosen carry the trace on and are not exported. */
export const sampled = (tracer: Tracer.Tracer, sampler: Sampler): Tracer.Tracer => {
  if (sampler.name === "always_on") return tracer
  const chooses = chooser(sampler)
  return Tracer.make({
    context: (run, fiber) => tracer.context(run, fiber),
    span: (...options) => {
      const span = tracer.span(...options)
      return chooses(span) ? span : unsampled(span)
    }
  })
}

// internal

const chooser = ({ name, ratio }: Sampler): ((span: Tracer.Span) => boolean) => {
  const own = ownChooser(name.replace("parentbased_", ""), ratio)
  if (!name.startsWith("parentbased_")) return own
  return (span) => Option.match(span.parent, { onNone: () => own(span), onSome: ({ sampled }) => sampled })
}

const ownChooser = (name: string, ratio: number): ((span: Tracer.Span) => boolean) => {
  if (name === "always_on") return () => true
  if (name === "always_off") return () => false
  // Every service that sees the id of a trace comes to the same choice.
  return ({ traceId }) => Number.parseInt(traceId.slice(-13), 16) < ratio * 2 ** 52
}

/** The span without its end: tracers export a span when it ends. */
const unsampled = (span: Tracer.Span): Tracer.Span => {
  const own: Tracer.Span & { status: Tracer.SpanStatus } = Object.create(span, {
    sampled: { value: false },
    status: { value: span.status, writable: true },
    end: {
      value: (endTime: bigint, exit: Parameters<Tracer.Span["end"]>[1]) => {
        own.status = { _tag: "Ended", startTime: span.status.startTime, endTime, exit }
      }
    }
  })
  return own
}

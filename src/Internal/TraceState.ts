import * as Context from "effect/Context"

/**
 * The `tracestate` of the caller of a run (W3C), in the context of the span of the caller.
 *
 * @category services
 * @since 0.2.0
 */
export class TraceState extends Context.Tag("effect-deployers/Telemetry/TraceState")<TraceState, string>() {}

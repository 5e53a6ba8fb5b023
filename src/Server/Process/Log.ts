/** The log of a served process: one JSON object a line on standard output, with the run and the span a line belongs to. */
import * as Context from "effect/Context"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import { CurrentRun } from "../../Run.js"
import * as LogLine from "./LogLine.js"

/**
 * Formats log entries as JSON, one a line, and cuts long ones. The run is read from the context of the fiber that logs, so
 * that runs pay nothing for it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const logger: Logger.Logger<unknown, string> = Logger.make((options) => {
  const context = FiberRefs.getOrDefault(options.context, FiberRef.currentContext)
  const { caller, info: run } = Context.get(context, CurrentRun)
  const span = Context.getOption(context, Tracer.ParentSpan)
  const { annotations, logLevel, message, timestamp, ...rest } = Logger.structuredLogger.log(options)
  const entry = {
    timestamp,
    level: logLevel,
    message,
    ...(run === undefined ? {} : { runId: run.id }),
    ...(run?.requestId === undefined ? {} : { requestId: run.requestId }),
    ...(caller === undefined ? {} : { caller }),
    ...(span._tag === "None" ? {} : { traceId: span.value.traceId, spanId: span.value.spanId }),
    ...annotations,
    ...rest
  }
  return LogLine.of(entry, LogLine.maxBytes())
})

/**
 * Logs to standard output as {@link logger} formats.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = Logger.replace(Logger.defaultLogger, Logger.withConsoleLog(logger))

/**
 * Logs each line to `write`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWrite = (write: (line: string) => void): Layer.Layer<never> =>
  Logger.replace(Logger.defaultLogger, Logger.map(logger, write))

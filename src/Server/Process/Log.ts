/** The log of a served process: one JSON object a line on standard output, with the run a line belongs to. */
import * as Context from "effect/Context"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Inspectable from "effect/Inspectable"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { CurrentRun } from "../../Run.js"

/**
 * Formats log entries as JSON, one a line. The run is read from the context of the fiber that logs, so that runs pay nothing for it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const logger: Logger.Logger<unknown, string> = Logger.make((options) => {
  const context = FiberRefs.getOrDefault(options.context, FiberRef.currentContext)
  const run = Context.get(context, CurrentRun).info
  const { annotations, logLevel, message, timestamp, ...rest } = Logger.structuredLogger.log(options)
  return stringify({
    timestamp,
    level: logLevel,
    message,
    ...(run === undefined ? {} : { runId: run.id }),
    ...annotations,
    ...rest
  })
})

/**
 * Logs to standard output as {@link logger} formats.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = Logger.replace(Logger.defaultLogger, Logger.withConsoleLog(logger))

/**
 * Logs to standard output what `map` makes of each line.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMapped = (map: (line: string) => string): Layer.Layer<never> =>
  Logger.replace(Logger.defaultLogger, Logger.withConsoleLog(Logger.map(logger, map)))

// internal

const stringify = (entry: Readonly<Record<string, unknown>>): string => {
  try {
    return Inspectable.stringifyCircular(entry)
  } catch {
    return JSON.stringify({ timestamp: entry["timestamp"], level: entry["level"], message: String(entry["message"]) })
  }
}

/** The least level of log entries, as the settings have it. */
import type * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Settings from "../../Settings/About.js"
import type { Serving } from "../../Settings/Serving.js"

/** Runs an effect with the level of the settings; without one with the level around it. */
export const at = ({
  logLevel
}: Pick<Serving, "logLevel">): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) =>
  logLevel === undefined ? identity : Logger.withMinimumLogLevel(levels[logLevel])

// internal

const levels: Readonly<Record<Settings.LogLevel, LogLevel.LogLevel>> = {
  trace: LogLevel.Trace,
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  fatal: LogLevel.Fatal,
  none: LogLevel.None
}

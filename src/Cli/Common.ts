/** The options that commands share, and the printing of a result as JSON or for people. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { unshield } from "./Options/Argv.js"
import * as Render from "./Output/Render.js"
import { Output } from "./Output.js"

/** A switch. */
export const flag = (name: string, description: string): Options.Options<boolean> =>
  Options.withDescription(Options.boolean(name), description)

/** An option with a text that may be omitted. */
export const text = (name: string, description: string, placeholder = "text"): Options.Options<Option.Option<string>> =>
  Options.text(name).pipe(Options.withPseudoName(placeholder), Options.withDescription(description), Options.optional)

/** An option with a text that can be repeated. Each value has the bytes that were given. */
export const texts = (name: string, description: string, placeholder: string): Options.Options<ReadonlyArray<string>> =>
  Options.text(name).pipe(
    Options.withPseudoName(placeholder),
    Options.withDescription(description),
    Options.repeated,
    Options.map((values) => values.map(unshield))
  )

/** `--json`. */
export const json = flag("json", "Print one JSON value on standard output, everything else on standard error.")

/** `--allow-other-pipeline`. */
export const allowOtherPipeline = flag(
  "allow-other-pipeline",
  "Serve another pipeline than the deployment serves now; its callers rely on the one it serves."
)

/** The argument that names a deployment. */
export const deploymentName = Args.text({ name: "name" }).pipe(Args.withDescription("Name or id of the deployment."))

/** The argument that names a pipeline's module. */
export const pipelineFile = Args.text({ name: "file[#export]" }).pipe(
  Args.withDescription("The module that exports the pipeline, and the export if the module has several.")
)

/** The arguments of `deploy`: the module of a pipeline, or names in the settings file. */
export const pipelineFileOrNames = Args.text({ name: "file[#export]|name" }).pipe(
  Args.withDescription(
    "The module that exports the pipeline, with --name; or deployments of the settings file, by default all of them."
  ),
  Args.repeated
)

/** An option with a duration such as `30s` or `2m`, in milliseconds. */
export const duration = (name: string, description: string): Options.Options<Option.Option<number>> =>
  Options.text(name).pipe(
    Options.withPseudoName("duration"),
    Options.withDescription(description),
    Options.filterMap((text) => parseMillis(text), `Give --${name} a duration such as 500ms, 30s, 2m or 1h.`),
    Options.optional
  )

/** An option with a percentage such as `10%` or `2.5`. */
export const percentage = (name: string, description: string): Options.Options<Option.Option<number>> =>
  Options.text(name).pipe(
    Options.withPseudoName("percent"),
    Options.withDescription(description),
    Options.filterMap(parsePercent, `Give --${name} a percentage such as 5% or 10%.`),
    Options.optional
  )

/** `--timeout`. */
export const timeout = (description: string): Options.Options<Option.Option<number>> => duration("timeout", description)

/** `--timeout` of a lifecycle operation. */
export const operationTimeout = timeout("Time limit of the operation, such as 30s or 2m; default 60s.")

/** `--timeout` of a run. */
export const runTimeout = timeout("Time limit of the run, such as 30s or 10m; default: the deployment's setting.")

/** A whole number of at least `minimum`. */
export const count = (
  name: string,
  minimum: number,
  maximum: number,
  description: string
): Options.Options<Option.Option<number>> =>
  Options.integer(name).pipe(
    Options.withPseudoName("n"),
    Options.withDescription(description),
    Options.filterMap(
      (value) => (value >= minimum && value <= maximum ? Option.some(value) : Option.none()),
      `Give --${name} a whole number from ${minimum} to ${maximum}.`
    ),
    Options.optional
  )

/** A number from 0 to 100, with or without a percent sign. */
const parsePercent = (text: string): Option.Option<number> => {
  const [, amount] = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text.trim()) ?? []
  return Option.filter(Option.map(Option.fromNullable(amount), Number), (percent) => percent <= 100)
}

/** Milliseconds of a duration such as `500ms`, `30s`, `2m`, `1h` or `1d`. */
export const parseMillis = (text: string): Option.Option<number> => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  const factor = unit === undefined ? undefined : units[unit]
  if (amount === undefined || factor === undefined) return Option.none()
  const millis = Math.round(Number(amount) * factor)
  return millis > 0 && Number.isSafeInteger(millis) ? Option.some(millis) : Option.none()
}

/** The milliseconds since the epoch of an ISO 8601 time, or of a duration before `now`. */
export const parseMoment = (text: string, now: number): Option.Option<number> =>
  Option.orElse(
    Option.map(parseMillis(text), (millis) => now - millis),
    () => (/^\d{4}-\d\d-\d\d/.test(text) ? Option.map(DateTime.make(text), DateTime.toEpochMillis) : Option.none())
  )

/** Prints a result: JSON if asked for, else the text for people. */
export const print = (
  asJson: boolean,
  value: unknown,
  human: (hasColor: boolean, columns: number | undefined) => string
): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, ({ columns, hasColor, result }) =>
    result(asJson ? Render.json(value) : human(hasColor, columns))
  )

/** Writes a remark to standard error. */
export const note = (text: string): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (output) => output.note(text))

/** Writes a remark when an interruption ends the effect. */
export const whenInterrupted =
  (remark: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Output> =>
    Effect.onInterrupt(effect, () => note(`Interrupted. ${remark}`))

/** The remark on an interrupted change of a deployment. */
export const afterChange = (name: string): string =>
  `The version that served before still serves. \`deployers describe ${name}\` shows its status; \`deployers reconcile\` finishes or undoes the change.`

/** The remark on an interrupted operation that only has to be repeated. */
export const afterRepeatable = (command: string): string => `\`deployers ${command}\` can be repeated.`

// internal

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: Duration.toMillis("1 second"),
  m: Duration.toMillis("1 minute"),
  h: Duration.toMillis("1 hour"),
  d: Duration.toMillis("1 day")
}

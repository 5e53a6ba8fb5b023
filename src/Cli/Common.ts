/** What commands have in common: their arguments, and printing a result as JSON or for people. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Output } from "./Output.js"
import * as Render from "./Render.js"

/** `--json`. */
export const json = Options.boolean("json").pipe(
  Options.withDescription("Print one JSON value on standard output, everything else on standard error.")
)

/** The deployment a command is about. */
export const deploymentName = Args.text({ name: "name" }).pipe(Args.withDescription("Name or id of the deployment."))

/** `--timeout` with a duration such as `30s` or `2m`, in milliseconds. */
export const timeout = (description: string): Options.Options<Option.Option<number>> =>
  Options.text("timeout").pipe(
    Options.withPseudoName("duration"),
    Options.withDescription(description),
    Options.filterMap(parseMillis, "Give --timeout a duration such as 500ms, 30s, 2m or 1h."),
    Options.optional
  )

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

/** Milliseconds of a duration such as `500ms`, `30s`, `2m`, `1h` or `1d`. */
export const parseMillis = (text: string): Option.Option<number> => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  const factor = unit === undefined ? undefined : units[unit]
  if (amount === undefined || factor === undefined) return Option.none()
  const millis = Math.round(Number(amount) * factor)
  return millis > 0 && Number.isSafeInteger(millis) ? Option.some(millis) : Option.none()
}

/** A moment: an ISO 8601 time, or a duration that says how long before `now`. In milliseconds since the epoch. */
export const parseMoment = (text: string, now: number): Option.Option<number> =>
  Option.orElse(
    Option.map(parseMillis(text), (millis) => now - millis),
    () => (/^\d{4}-\d\d-\d\d/.test(text) ? Option.map(DateTime.make(text), DateTime.toEpochMillis) : Option.none())
  )

/** Prints a result: JSON if asked for, else the text for people. */
export const print = (
  asJson: boolean,
  value: unknown,
  human: (hasColor: boolean) => string
): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, ({ hasColor, result }) => result(asJson ? Render.json(value) : human(hasColor)))

/** Writes a remark to standard error. */
export const note = (text: string): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (output) => output.note(text))

/** Says what is left when somebody interrupts a command that changes something. */
export const whenInterrupted =
  (left: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Output> =>
    Effect.onInterrupt(effect, () => note(`Interrupted. ${left}`))

/** What an interrupted change of a deployment leaves. */
export const leftOfChange = (name: string): string =>
  `What served before still serves; \`deployers describe ${name}\` shows where "${name}" stands, \`deployers reconcile\` finishes or undoes what was begun.`

// internal

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: Duration.toMillis("1 second"),
  m: Duration.toMillis("1 minute"),
  h: Duration.toMillis("1 hour"),
  d: Duration.toMillis("1 day")
}

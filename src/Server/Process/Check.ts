/** The check of a pipeline, in a new instance whose warm state is built. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as CheckLine from "../../Contract/CheckLine.js"
import { exitCodes, type Manifest } from "../../Contract/Manifest.js"
import type { CheckFailure } from "../../Errors/Check.js"
import { formatIssues } from "../../Errors/Issue.js"
import * as File from "../../File.js"
import { canonicalJson } from "../../Internal/CanonicalJson.js"
import * as Output from "../../Output.js"
import type * as Pipeline from "../../Pipeline.js"
import * as RunFailures from "../Run/Execution/RunFailures.js"
import * as ValidationIssues from "../Run/ValidationIssues.js"
import * as CheckRecord from "./CheckRecord.js"

/**
 * The check of the pipeline failed. The log has the failure, in the line that the deployer reads.
 *
 * @category errors
 * @since 0.1.0
 */
export class CheckFailed extends Schema.TaggedError<CheckFailed>()("CheckFailed", {
  pipeline: Schema.String,
  reason: Schema.String
}) {
  readonly exitCode = exitCodes.checkFailed
  override get message(): string {
    return `The check of pipeline "${this.pipeline}" failed, so the service does not start: ${this.reason}`
  }
}

/** Runs with the warm state before the service accepts runs. */
export type Check = (state: Context.Context<never>) => Effect.Effect<void, CheckFailed>

/**
 * The check that a manifest asks for; does nothing if it asks for none or the pipeline has none. Nothing is recorded, and
 * no metric counts it.
 */
export const make = (pipeline: Pipeline.Any, { check: asked }: Pick<Manifest, "check">): Check => {
  const { check } = pipeline
  if (check === undefined || asked === undefined) return () => Effect.void
  const timeoutMillis = Math.min(check.timeoutMillis, asked.timeoutMillis)
  return (state) =>
    Effect.suspend(() => perform(pipeline, check, state)).pipe(
      Effect.disconnect,
      Effect.timeoutFail({ duration: timeoutMillis, onTimeout: () => timedOut(timeoutMillis) }),
      Effect.catchAllCause((cause) => (Cause.isInterruptedOnly(cause) ? Effect.interrupt : report(pipeline, cause))),
      Effect.zipRight(Effect.logInfo(`The check of pipeline "${pipeline.name}" passed.`))
    )
}

/** The same; a check that passed is recorded. */
export const recorded = (
  pipeline: Pipeline.Any,
  manifest: Manifest
): Effect.Effect<Check, never, FileSystem.FileSystem> =>
  Effect.map(Effect.context<FileSystem.FileSystem>(), (context) => {
    const check = make(pipeline, manifest)
    return (state) => Effect.zipRight(check(state), Effect.provide(CheckRecord.write(manifest), context))
  })

// internal

/** A failure that is described already. */
class Described {
  constructor(readonly failure: CheckFailure) {}
}

const described = (_tag: string, message: string): Described => new Described({ _tag, message })

const timedOut = (millis: number): Described => described("CheckTimedOut", `it did not end within ${millis} ms`)

const perform = (
  pipeline: Pipeline.Any,
  { all, example, run }: Pipeline.Check,
  state: Context.Context<never>
): Effect.Effect<unknown, unknown> => {
  const invoke = (input: never): Effect.Effect<unknown, unknown> =>
    Effect.provide(
      Effect.suspend(() => pipeline.program(input)),
      state
    )
  if (all !== undefined) return Effect.forEach(all, (check) => perform(pipeline, check, state), { discard: true })
  if (run !== undefined) return Effect.provide(run(invoke), state)
  return example === undefined ? Effect.void : tryExample(pipeline, example, invoke)
}

/** The way of a request: decodes the parameters, runs the pipeline, encodes the outputs and compares them. */
const tryExample = (
  pipeline: Pipeline.Any,
  { expect, input }: NonNullable<Pipeline.Check["example"]>,
  invoke: (input: never) => Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function* () {
    const decoded = yield* Effect.mapError(ParseResult.decodeUnknown(pipeline.input)(input), (issue) =>
      described("CheckInvalidInput", `its input does not fit: ${formatIssues(ValidationIssues.fromParseIssue(issue))}`)
    )
    const output = yield* invoke(decoded as never)
    const encoded = yield* Effect.mapError(
      RunFailures.encodeJson(ParseResult.encodeUnknown(pipeline.output)(describedOf(pipeline, output))),
      (misfit) =>
        described("CheckUnexpectedOutput", `the output does not fit its schema: ${RunFailures.reasonOf(misfit)}`)
    )
    const difference = expect === undefined ? undefined : firstDifference(expect, encoded, "output")
    if (difference !== undefined) return yield* Effect.fail(described("CheckUnexpectedOutput", difference))
  })

/** A group has the files of its members as they are; their description is compared. */
const describedOf = (pipeline: Pipeline.Any, output: unknown): unknown =>
  File.isFile(output) && Output.binaryOf(pipeline.output) === undefined ? File.describe(output) : output

/** The first member of `expected` that `actual` lacks or has otherwise, as a clause. */
const firstDifference = (expected: unknown, actual: unknown, path: string): string | undefined => {
  if (isObject(expected) && isObject(actual)) {
    return Object.entries(expected)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => firstDifference(value, actual[key], `${path}.${key}`))
      .find((difference) => difference !== undefined)
  }
  return canonicalJson(expected) === canonicalJson(actual)
    ? undefined
    : `${path} is ${brief(actual)} instead of ${brief(expected)}`
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const maxLength = 200

const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "missing"
  return text.length > maxLength ? `${text.slice(0, maxLength)}...` : text
}

const report = (pipeline: Pipeline.Any, cause: Cause.Cause<unknown>): Effect.Effect<never, CheckFailed> =>
  Effect.gen(function* () {
    const failure = yield* describeCause(pipeline, cause)
    yield* Effect.logError(`The check failed: ${failure.message}`, cause).pipe(
      Effect.annotateLogs(CheckLine.annotation, failure)
    )
    return yield* new CheckFailed({ pipeline: pipeline.name, reason: failure.message })
  })

const describeCause = (pipeline: Pipeline.Any, cause: Cause.Cause<unknown>): Effect.Effect<CheckFailure> => {
  const failed = Option.getOrUndefined(Cause.failureOption(Cause.map(cause, (error) => ({ error }))))
  if (failed === undefined) return Effect.succeed({ _tag: "CheckDied", message: firstLine(RunFailures.render(cause)) })
  const { error } = failed
  if (error instanceof Described) return Effect.succeed(error.failure)
  return RunFailures.encoder(pipeline)(error).pipe(
    Effect.map(({ body }) => body),
    Effect.orElseSucceed(() => RunFailures.describe(error))
  )
}

const firstLine = (text: string): string => text.split("\n", 1).join()

/**
 * `deployers invoke`: runs a deployed pipeline. The options are those of its input schema.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Client from "../Client.js"
import { json, note, print, timeout, whenInterrupted } from "./Common.js"
import { UsageError } from "./Failure.js"
import { Input } from "./Input.js"
import * as InvokeFlags from "./InvokeFlags.js"
import * as Render from "./Render.js"

/**
 * Makes the command with options for the given parameters.
 *
 * @category commands
 * @since 0.1.0
 */
export const make = (parameters: ReadonlyArray<InvokeFlags.Parameter>) =>
  Command.make(
    "invoke",
    {
      name: Args.text({ name: "name" }).pipe(Args.withDescription("Name or id of the deployment.")),
      parameters: InvokeFlags.all(parameters),
      input: Options.text("input").pipe(
        Options.withPseudoName("file.json|-"),
        Options.withDescription(
          "Parameters as a JSON object from a file, or - for standard input; options win over it."
        ),
        Options.optional
      ),
      runName: Options.text("run-name").pipe(Options.withDescription("Name of the run."), Options.optional),
      timeout: timeout("How long the run may take, such as 30s or 10m; default: what the deployment is set to."),
      skipArtifacts: Options.boolean("skip-artifacts").pipe(
        Options.withDescription("Record only statuses and times of the run, not its data.")
      ),
      json
    },
    ({ input, json, name, parameters, runName, skipArtifacts, timeout }) =>
      Effect.gen(function* () {
        const given = Option.isSome(input) ? yield* readInput(input.value) : {}
        const invocation = yield* Client.invoke(
          name,
          { ...given, ...parameters },
          {
            runName: Option.getOrUndefined(runName),
            timeout: Option.getOrUndefined(timeout),
            ...(skipArtifacts ? { skipArtifacts } : {})
          }
        ).pipe(whenInterrupted(`The run is interrupted too; \`deployers runs ${name}\` shows it.`))
        const { executionTimeMillis, metadata, outputs } = invocation
        yield* print(json, { success: true, outputs, executionTimeMillis, metadata }, () => Render.json(outputs))
        if (!json) {
          const took = Render.duration(executionTimeMillis)
          yield* note(
            Render.clean(
              `${metadata.runName} took ${took}; \`deployers run describe ${metadata.runId}\` shows its steps.`
            )
          )
        }
      })
  ).pipe(Command.withDescription("Run a deployed pipeline; `invoke NAME --help` lists its parameters."))

// internal

const readInput = (source: string) =>
  Effect.gen(function* () {
    const text = source === "-" ? yield* Effect.flatMap(Input, (input) => input.text) : yield* readFile(source)
    const value = Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))
    if (!Predicate.isReadonlyRecord(value)) {
      return yield* new UsageError({
        message: `What --input ${source} holds is not a JSON object.`,
        hint: 'Give the parameters as an object such as {"city": "Oslo"}.'
      })
    }
    return value
  })

const readFile = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.mapError(
      () => new UsageError({ message: `The file ${path} cannot be read.`, hint: "Check the path given to --input." })
    )
  )

/** `deployers invoke`: runs a deployed pipeline. The options are those of its input schema. */
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
import { leftOfInvocation, printInvocation } from "./InvokeProgram.js"
import { invokeStream } from "./InvokeStream.js"
import * as Render from "./Render.js"

/** Makes the command with options for the given parameters. */
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
      idempotencyKey: Options.text("idempotency-key").pipe(
        Options.withPseudoName("key"),
        Options.withDescription("Have this key stand for one run: repeated with it, the command runs nothing again."),
        Options.optional
      ),
      isAsync: Options.boolean("async").pipe(
        Options.withDescription("Do not wait: print the id of the run, which goes on by itself.")
      ),
      isStream: Options.boolean("stream").pipe(
        Options.withDescription(
          "Show what happens in the run as it happens, on standard error; with --json one value per line."
        )
      ),
      json
    },
    ({ idempotencyKey, input, isAsync, isStream, json, name, parameters, runName, skipArtifacts, timeout }) =>
      Effect.gen(function* () {
        if (isStream && (isAsync || skipArtifacts)) return yield* notTogether(isAsync)
        const given = {
          ...(Option.isSome(input) ? yield* readInput(input.value) : {}),
          ...parameters
        }
        const options: Client.InvokeOptions = {
          runName: Option.getOrUndefined(runName),
          timeout: Option.getOrUndefined(timeout),
          idempotencyKey: Option.getOrUndefined(idempotencyKey),
          ...(skipArtifacts ? { skipArtifacts } : {})
        }
        if (isAsync) return yield* start(json, name, given, options)
        const invocation = yield* (
          isStream ? invokeStream(json, name, given, options) : Client.invoke(name, given, options)
        ).pipe(whenInterrupted(leftOfInvocation(name)))
        yield* printInvocation(json, invocation)
      })
  ).pipe(Command.withDescription("Run a deployed pipeline; `invoke NAME --help` lists its parameters."))

// internal

/** The events of a run tell what is recorded of it; without its data there are no outputs among them. */
const notTogether = (isAsync: boolean) =>
  new UsageError({
    message: `--stream and ${isAsync ? "--async" : "--skip-artifacts"} do not go together.`,
    hint: isAsync
      ? "Leave one of them away: --stream waits for the run, --async does not."
      : "Leave one of them away: what is not recorded cannot be shown."
  })

const start = (
  asJson: boolean,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  options: Client.InvokeOptions
) =>
  Effect.gen(function* () {
    const runId = yield* Client.start(name, parameters, options).pipe(
      whenInterrupted(`The run may have been accepted all the same; \`deployers runs ${name}\` shows it.`)
    )
    yield* print(asJson, { runId }, () => Render.clean(runId))
    if (asJson) return
    yield* note(
      Render.clean(
        `It goes on; \`deployers run describe ${runId}\` shows it, \`deployers run cancel ${runId}\` ends it.`
      )
    )
  })

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

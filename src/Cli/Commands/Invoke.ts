/** `deployers invoke`: runs a deployed pipeline. Its options come from the input schema. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../../Client.js"
import * as File from "../../File.js"
import { deploymentName, flag, json, note, print, runTimeout, text, whenInterrupted } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as InvokeFlags from "../Options/InvokeFlags.js"
import { readObject } from "../Options/JsonInput.js"
import * as OutputFile from "../Output/OutputFile.js"
import * as Render from "../Output/Render.js"
import type { Output } from "../Output.js"
import { invokeStream } from "./InvokeStream.js"

/** Makes the command with options for the given parameters. */
export const make = (parameters: ReadonlyArray<InvokeFlags.Parameter>) =>
  Command.make(
    "invoke",
    {
      name: deploymentName,
      parameters: InvokeFlags.all(parameters),
      input: text(
        "input",
        "Parameters as a JSON object from a file, or - for standard input; options override it.",
        "file.json|-"
      ),
      runName: text("run-name", "Name of the run."),
      timeout: runTimeout,
      skipArtifacts: flag("skip-artifacts", "Record only statuses and times of the run, not its data."),
      idempotencyKey: text(
        "idempotency-key",
        "Run once per key: a repeated command with this key returns the first run.",
        "key"
      ),
      session: text("session", "The session that the run belongs to.", "id"),
      output: OutputFile.outputFile,
      isAsync: flag("async", "Print the id of the run and do not wait for it."),
      isStream: flag(
        "stream",
        "Show the events of the run on standard error as they happen; with --json one value per line."
      ),
      json
    },
    Effect.fnUntraced(function* ({
      input,
      isAsync,
      isStream,
      json,
      name,
      output,
      parameters,
      skipArtifacts,
      ...given
    }) {
      if (isStream && (isAsync || skipArtifacts)) return yield* notTogether(isAsync)
      if (Option.isSome(output) && isAsync) return yield* noOutputs
      const values = { ...(Option.isSome(input) ? yield* readObject(input.value) : {}), ...parameters }
      const options: Client.InvokeOptions = {
        runName: Option.getOrUndefined(given.runName),
        timeout: Option.getOrUndefined(given.timeout),
        idempotencyKey: Option.getOrUndefined(given.idempotencyKey),
        session: Option.getOrUndefined(given.session),
        ...(skipArtifacts ? { skipArtifacts } : {})
      }
      if (isAsync) return yield* start(json, name, values, options)
      // The answer itself has the bytes, so they need no record.
      const invoke = Option.isSome(output) ? Client.invokeBinary : Client.invoke
      const invocation = yield* (
        isStream ? invokeStream(json, name, values, options) : invoke(name, values, options)
      ).pipe(whenInterrupted(afterInvocation(name)))
      const { metadata, outputs } = invocation
      if (Option.isSome(output)) yield* OutputFile.write(output.value, name, metadata.runId, outputs)
      const isWritten = Option.isSome(output)
      const shown = File.isFile(outputs) ? File.describe(outputs) : outputs
      yield* printInvocation(json, { ...invocation, outputs: isWritten && !json ? undefined : shown }, isWritten)
    })
  ).pipe(Command.withDescription("Run a deployed pipeline; `invoke NAME --help` lists its parameters."))

/** Prints the outputs of a run, unless they were printed element by element, and the command that shows its steps. */
export const printInvocation = (
  asJson: boolean,
  { executionTimeMillis, metadata, outputs }: Client.Invocation<unknown>,
  isWritten = false
): Effect.Effect<void, never, Output> =>
  Effect.gen(function* () {
    const isShown = asJson || outputs !== undefined
    if (isShown) {
      yield* print(asJson, { success: true, outputs, executionTimeMillis, metadata }, () => Render.json(outputs))
    }
    if (!isWritten && Option.isSome(OutputFile.referenceOf(outputs))) {
      yield* note(Render.clean(OutputFile.remark(metadata.runId)))
    }
    if (asJson) return
    const took = Render.duration(executionTimeMillis)
    yield* note(
      Render.clean(`${metadata.runName} took ${took}; \`deployers run describe ${metadata.runId}\` shows its steps.`)
    )
  })

/** The remark on an interrupted invocation. */
export const afterInvocation = (name: string): string =>
  `The run is interrupted, too; \`deployers runs ${name.split("/", 1).join()}\` shows it.`

// internal

/** The events of a run contain its recorded data: a run without recorded data has no outputs to show. */
const notTogether = (isAsync: boolean) =>
  new UsageError({
    message: `--stream and ${isAsync ? "--async" : "--skip-artifacts"} cannot be combined.`,
    hint: isAsync
      ? "Omit one of them: --stream waits for the run, --async does not."
      : "Omit one of them: --stream shows the data that --skip-artifacts does not record."
  })

const noOutputs = new UsageError({
  message: "--output and --async cannot be combined.",
  hint: "Omit one of them: `deployers run output ID --output FILE` writes the outputs of a run that has ended."
})

const start = Effect.fnUntraced(function* (
  asJson: boolean,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  options: Client.InvokeOptions
) {
  const runId = yield* Client.start(name, parameters, options).pipe(
    whenInterrupted(`The service may have accepted the run; \`deployers runs ${name}\` shows it.`)
  )
  yield* print(asJson, { runId }, () => Render.clean(runId))
  if (asJson) return
  yield* note(
    Render.clean(
      `The run is in progress; \`deployers run describe ${runId}\` shows it, \`deployers run cancel ${runId}\` interrupts it.`
    )
  )
})

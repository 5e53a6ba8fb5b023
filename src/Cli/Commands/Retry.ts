/** `deployers run retry --from` and `deployers signal`: commands to a service about a run. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../../Client.js"
import { Deployer } from "../../Deployer.js"
import { json, note, print, text, whenInterrupted } from "../Common.js"
import { UsageError } from "../Failure.js"
import { readJson } from "../Options/JsonInput.js"
import * as Render from "../Output/Render.js"
import * as RunSearch from "../RunSearch.js"
import { printInvocation } from "./Invoke.js"

/** Has the service run a run again, waits for the end of the new run, and prints its outputs. */
export const retryFrom = Effect.fnUntraced(function* (
  asJson: boolean,
  name: string,
  id: string,
  from: "failed" | "start"
) {
  const runId = yield* Client.retry(name, id, { from })
  yield* note(Render.clean(`The new run is ${runId}.`))
  const run = yield* Client.awaitRun(name, runId).pipe(
    whenInterrupted(`The new run continues; \`deployers run describe ${runId}\` shows it.`)
  )
  const deployment = yield* Effect.flatMap(Deployer, (deployer) => deployer.get(name))
  const outputs = yield* Client.outputsOf({ name, url: deployment.url ?? "" }, { ...run, runId })
  const { id: deploymentId, name: deploymentName, snapshot } = deployment
  yield* printInvocation(asJson, {
    outputs,
    executionTimeMillis: run.executionTimeMillis ?? 0,
    metadata: {
      deploymentId,
      deploymentName,
      snapshotId: snapshot.id,
      snapshotName: `${snapshot.pipelineName}@${snapshot.version}`,
      pipelineName: snapshot.pipelineName,
      runId,
      runIndex: run.index,
      runName: run.name,
      parametersUsed: run.parameters
    }
  })
})

export const signal = Command.make(
  "signal",
  {
    ...RunSearch.options,
    signalName: Args.text({ name: "name" }).pipe(Args.withDescription("Name of the signal.")),
    input: text("input", "A file with the JSON of the signal, or - for standard input; default: null.", "file"),
    json
  },
  Effect.fnUntraced(function* ({ deployment, id, input, json, signalName }) {
    const data = Option.isSome(input) ? yield* readData(input.value) : null
    const { name } = yield* RunSearch.find(id, deployment)
    yield* Client.signal(name, id, signalName, data)
    yield* print(json, { runId: id, signal: signalName }, () =>
      Render.clean(`The run has the signal; \`deployers run describe ${id}\` shows the run.`)
    )
  })
).pipe(Command.withDescription("Send a signal to a run that waits for it, or will."))

// internal

const readData = (source: string) =>
  Effect.filterOrFail(
    readJson(source),
    (value) => value !== undefined,
    () =>
      new UsageError({
        message: `The content of --input ${source} is not JSON.`,
        hint: 'Give the data of the signal as JSON, such as {"isApproved": true}.'
      })
  )

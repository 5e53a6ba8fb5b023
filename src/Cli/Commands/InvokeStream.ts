/**
 * `deployers invoke --stream`: a line for each event of the run on standard error, then the outputs. The elements of a
 * pipeline that streams are lines of JSON on standard output, as they come.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Client from "../../Client.js"
import { DeploymentHttpError } from "../../Contract/Errors.js"
import { Deployer } from "../../Deployer.js"
import * as Render from "../Output/Render.js"
import { Output } from "../Output.js"

/**
 * Runs a deployed pipeline and shows each event of the run, with `asJson` as one JSON value. The outcome equals that of an
 * invocation without a stream. The outputs are absent if they were shown already, element by element.
 */
export const invokeStream = Effect.fnUntraced(function* (
  asJson: boolean,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  options: Client.InvokeOptions
) {
  const output = yield* Output
  // The events lack the part of the metadata that describes the deployment.
  const [deploymentName = "", member] = name.split(/\/(.*)/s)
  const deployment = yield* Effect.flatMap(Deployer, (deployer) => deployer.get(deploymentName))
  const endpoint = { name: deployment.name, url: deployment.url ?? "" }
  const begun = yield* Clock.currentTimeMillis
  const started = yield* Ref.make<Data<"run_started"> | undefined>(undefined)
  const elements: Array<unknown> = []
  const last = yield* Client.stream(name, parameters, options).pipe(
    Stream.tap((event) =>
      Effect.gen(function* () {
        if (event.event === "run_started") yield* Ref.set(started, event.data)
        if (event.event === "element") {
          if (!asJson) return yield* output.result(Render.jsonLine(event.data))
          elements.push(event.data)
        }
        const elapsed = (yield* Clock.currentTimeMillis) - begun
        yield* output.note(asJson ? Render.jsonLine(encode(event)) : line(output.hasNoteColor, event, elapsed))
      })
    ),
    Stream.runLast
  )
  const run = yield* Ref.get(started)
  const finished = Option.getOrUndefined(last)
  if (run === undefined || finished?.event !== "run_finished") return yield* Effect.fail(incomplete(endpoint))
  const outputs = (yield* Client.outputsOf(endpoint, finished.data)) ?? (asJson ? elements : undefined)
  const { id, snapshot } = deployment
  return {
    outputs,
    executionTimeMillis: finished.data.executionTimeMillis ?? 0,
    metadata: {
      deploymentId: id,
      deploymentName: deployment.name,
      snapshotId: snapshot.id,
      snapshotName: `${snapshot.pipelineName}@${snapshot.version}`,
      pipelineName: member ?? snapshot.pipelineName,
      runId: run.runId,
      runIndex: run.runIndex,
      runName: run.runName,
      parametersUsed: member === undefined ? run.parameters : parametersOf(run.parameters)
    }
  } satisfies Client.Invocation<unknown>
})

/** One event of a run for people. */
export const line = (hasColor: boolean, event: Client.RunEvent, elapsedMillis: number): string => {
  const [what, details] = partsOf(event)
  const elapsed = Render.paint(hasColor, "dim", Render.duration(elapsedMillis).padStart(7))
  return `${elapsed}  ${Render.paint(hasColor, styleOf(event), Render.clean(what))}${Render.clean(details)}`
}

// internal

type Data<E extends Client.RunEvent["event"]> = Extract<Client.RunEvent, { readonly event: E }>["data"]

const encode = Schema.encodeSync(Client.RunEvent)

/** The record of a run of a group has the name of its pipeline around the parameters. */
const parametersOf = (recorded: unknown): unknown =>
  Predicate.hasProperty(recorded, "parameters") ? recorded.parameters : recorded

const incomplete = ({ name, url }: { readonly name: string; readonly url: string }): DeploymentHttpError =>
  new DeploymentHttpError({ deployment: name, url, reason: "the events of the run ended before the run finished" })

const partsOf = (event: Client.RunEvent): readonly [what: string, details: string] => {
  switch (event.event) {
    case "run_started":
      return [`${event.data.runName} started`, ` (${event.data.runId})`]
    case "step_started":
      return [`${event.data.step} started`, ""]
    case "step_finished":
      return [`${event.data.step} ${event.data.status}`, how(event.data)]
    case "message":
    case "element":
      return [event.event, `: ${Render.jsonLine(event.data)}`]
    case "run_finished":
      return [`run ${event.data.status}`, event.data.cause === undefined ? "" : ` (${event.data.cause})`]
  }
}

const how = ({ attempts, error, outputs }: Data<"step_finished">): string => {
  const tried = attempts > 1 ? ` after ${attempts} attempts` : ""
  const result = outputs ?? error
  return `${tried}${result === undefined ? "" : `: ${Render.jsonLine(result)}`}`
}

const styleOf = (event: Client.RunEvent): Render.Style =>
  event.event === "step_finished" || event.event === "run_finished" ? Render.statusStyle(event.data.status) : "cyan"

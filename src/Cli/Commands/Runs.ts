/** `deployers runs` and `deployers run describe|cancel|retry`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { type JsonSchema, properties } from "../../Client/JsonSchema.js"
import { hasNoData } from "../../Client/RunResult.js"
import * as Client from "../../Client.js"
import { isGoing } from "../../Contract/RunEvent.js"
import { RunNotRepeatable } from "../../Errors/Runs.js"
import { type Run, RunStatus } from "../../Store/RunStore.js"
import { count, deploymentName, json, note, print, runTimeout, text, whenInterrupted } from "../Common.js"
import * as Json from "../Output/Json.js"
import * as OutputFile from "../Output/OutputFile.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"
import * as RunSearch from "../RunSearch.js"
import { afterInvocation, printInvocation } from "./Invoke.js"
import { retryFrom } from "./Retry.js"

export const runs = Command.make(
  "runs",
  {
    name: deploymentName,
    status: Options.choice("status", RunStatus.literals).pipe(
      Options.withDescription("Only runs with this status."),
      Options.optional
    ),
    session: text("session", "Only runs of this session.", "id"),
    limit: count("limit", 1, 100, "Number of runs; default 20."),
    cursor: text("cursor", "The cursor at the end of the previous page."),
    json
  },
  Effect.fnUntraced(function* ({ cursor, json, limit, name, session, status }) {
    const page = yield* RunSearch.page(name, {
      status: Option.getOrUndefined(status),
      session: Option.getOrUndefined(session),
      limit: Option.getOrElse(limit, () => 20),
      cursor: Option.getOrUndefined(cursor)
    })
    const { nextCursor } = page
    const value = { runs: page.runs.map(Json.runSummary), ...(nextCursor === undefined ? {} : { nextCursor }) }
    yield* print(json, value, (hasColor, columns) => renderPage(hasColor, columns, page))
  })
).pipe(Command.withDescription("List the runs of a deployment, newest first."))

const describe = Command.make(
  "describe",
  { ...RunSearch.options, json },
  Effect.fnUntraced(function* ({ deployment, id, json }) {
    const { run } = yield* RunSearch.findRecorded(id, deployment)
    yield* print(json, Json.run(run), (hasColor) => render(hasColor, run))
  })
).pipe(Command.withDescription("Show a run with its steps."))

const cancel = Command.make(
  "cancel",
  { ...RunSearch.options, json },
  Effect.fnUntraced(function* ({ deployment, id, json }) {
    const { name } = yield* RunSearch.find(id, deployment)
    const run = yield* Client.cancel(name, id)
    yield* print(json, Json.run(run), (hasColor) => render(hasColor, run))
    if (isGoing(run.status)) yield* note(`The run is stopping; \`deployers run describe ${id}\` shows its status.`)
  })
).pipe(Command.withDescription("Interrupt a run; a run that has ended does not change."))

const logs = Command.make(
  "logs",
  { ...RunSearch.options, json },
  Effect.fnUntraced(function* ({ deployment, id, json }) {
    const { name } = yield* RunSearch.find(id, deployment)
    const lines = yield* allLines(name, id)
    yield* print(json, { lines: lines.map(Json.runLogLine) }, (hasColor) =>
      lines.map((line) => renderLine(hasColor, line)).join("\n")
    )
  })
).pipe(Command.withDescription("Show the lines that a run logged."))

const output = Command.make(
  "output",
  { ...RunSearch.options, output: OutputFile.outputFile, json },
  Effect.fnUntraced(function* ({ deployment, id, json, output }) {
    const { name, run } = yield* RunSearch.find(id, deployment)
    const outputs = yield* Client.outputsOf({ name, url: "" }, { ...run, runId: id })
    if (Option.isSome(output)) return yield* OutputFile.write(output.value, name, id, outputs)
    yield* print(json, { outputs }, () => Render.json(outputs))
    if (Option.isSome(OutputFile.referenceOf(outputs))) yield* note(Render.clean(OutputFile.remark(id)))
  })
).pipe(Command.withDescription("Print the outputs of a run, or write them to a file."))

const retry = Command.make(
  "retry",
  {
    ...RunSearch.options,
    from: Options.choice("from", ["failed", "start"] as const).pipe(
      Options.withDescription(
        "Have the service start the new run: from the start, or from the first step that failed, with the results of the steps before."
      ),
      Options.optional
    ),
    timeout: runTimeout,
    json
  },
  Effect.fnUntraced(function* ({ deployment, from, id, json, timeout }) {
    const { name, run } = yield* RunSearch.find(id, deployment)
    if (Option.isSome(from)) return yield* retryFrom(json, name, id, from.value)
    const { input } = yield* Client.schema(name)
    if (isUnknown(run, input)) return yield* new RunNotRepeatable({ deployment: name, runId: id })
    const invocation = yield* Client.invoke(name, run.parameters as Readonly<Record<string, unknown>>, {
      timeout: Option.getOrUndefined(timeout)
    }).pipe(whenInterrupted(afterInvocation(name)))
    yield* printInvocation(json, invocation)
  })
).pipe(Command.withDescription("Run the pipeline again with the parameters of a run, as a new run."))

export const run = Command.make("run").pipe(
  Command.withDescription("Show one run, its outputs or its log, interrupt it, or run it again."),
  Command.withSubcommands([describe, output, cancel, logs, retry])
)

// internal

const allLines = (
  name: string,
  id: string,
  after = 0
): Effect.Effect<ReadonlyArray<Client.RunLogLine>, Effect.Effect.Error<ReturnType<typeof page>>, Needs> =>
  Effect.flatMap(page(name, id, after), ({ lines, nextAfter }) =>
    nextAfter === undefined
      ? Effect.succeed(lines)
      : Effect.map(allLines(name, id, nextAfter), (later) => [...lines, ...later])
  )

const page = (name: string, id: string, after: number) => Client.logs(name, id, { after })

type Needs = Effect.Effect.Context<ReturnType<typeof page>>

const renderLine = (hasColor: boolean, { at, fields, level, message }: Client.RunLogLine): string =>
  [
    Render.paint(hasColor, "dim", Render.time(at)),
    Render.clean(level.padEnd(5)),
    Render.cleanLines(message),
    ...(fields === undefined ? [] : [Render.paint(hasColor, "dim", Render.jsonLine(fields))])
  ].join("  ")

/**
 * True when the parameters of a run are not on record. A run without recorded data has the parameters `{}`, which may also
 * be its real ones: they are, if other data of the run is on record, or if the pipeline takes no parameters.
 */
const isUnknown = (run: Run, input: JsonSchema): boolean => {
  const { parameters, steps = [] } = run
  const isEmpty = Predicate.isRecord(parameters) && Object.keys(parameters).length === 0
  return isEmpty && !takesNothing(input) && hasNoData(run) && steps.every(hasNoData)
}

const takesNothing = (input: JsonSchema): boolean =>
  input["$id"] === "/schemas/%7B%7D" || // a Struct without fields
  (input["type"] === "object" && Object.keys(properties(input)).length === 0 && input["additionalProperties"] === false)

const render = (hasColor: boolean, self: Run): string =>
  [
    Render.fields(hasColor, [
      ["id", self.id],
      ["name", self.name],
      ["run", String(self.index)],
      ["status", statusText(self)],
      ["session", self.session],
      ["waits for", self.waitsFor?.map(({ signal }) => signal).join(", ")],
      ["started", Render.time(self.startedAt)],
      ["took", took(self.executionTimeMillis)],
      ["parameters", Render.jsonLine(self.parameters)],
      ["outputs", self.outputs === undefined ? undefined : Render.jsonLine(self.outputs)],
      ["error", self.error === undefined ? undefined : Render.jsonLine(self.error)]
    ]),
    "",
    Table.draw(
      hasColor,
      ["STEP", "STATUS", "ATTEMPTS", "TOOK", "RESULT"],
      (self.steps ?? []).map((step) => [
        step.name,
        step.status,
        String(step.attempts),
        took(step.executionTimeMillis),
        Render.jsonLine(step.outputs ?? step.error ?? null)
      ])
    )
  ].join("\n")

const statusText = ({ cause, status }: Pick<Run, "cause" | "status">): string =>
  cause === undefined ? status : `${status} (${cause})`

const took = (millis: number | undefined): string => (millis === undefined ? "-" : Render.duration(millis))

const renderPage = (hasColor: boolean, columns: number | undefined, page: Client.RunPage): string =>
  page.runs.length === 0
    ? "There are no runs."
    : [
        Table.draw(
          hasColor,
          ["RUN", "STATUS", "NAME", "STARTED", "TOOK", "ID"],
          page.runs.map((one) => [
            String(one.index),
            statusText(one),
            one.name,
            Render.time(one.startedAt),
            took(one.executionTimeMillis),
            one.id
          ]),
          { columns, giveWay: ["NAME", "STARTED"] }
        ),
        ...(page.nextCursor === undefined ? [] : [`More: --cursor ${Render.clean(page.nextCursor)}`])
      ].join("\n")

/**
 * `deployers runs` and `deployers run describe`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../Client.js"
import { Deployer } from "../Deployer.js"
import { RunNotFound } from "../Errors/Http.js"
import { type Run, RunStatus } from "../Store/RunStore.js"
import { count, deploymentName, json, print } from "./Common.js"
import * as Json from "./Json.js"
import * as Render from "./Render.js"

/**
 * @category commands
 * @since 0.1.0
 */
export const runs = Command.make(
  "runs",
  {
    name: deploymentName,
    status: Options.choice("status", RunStatus.literals).pipe(
      Options.withDescription("Only runs of that status."),
      Options.optional
    ),
    limit: count("limit", 1, 100, "How many; default 20."),
    cursor: Options.text("cursor").pipe(Options.withDescription("Where the page before ended."), Options.optional),
    json
  },
  ({ cursor, json, limit, name, status }) =>
    Effect.gen(function* () {
      const page = yield* Client.runs(name, {
        status: Option.getOrUndefined(status),
        limit: Option.getOrElse(limit, () => 20),
        cursor: Option.getOrUndefined(cursor)
      })
      const value = {
        runs: page.runs.map(Json.run),
        ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor })
      }
      yield* print(json, value, (hasColor) => renderPage(hasColor, page))
    })
).pipe(Command.withDescription("List the runs of a deployment, newest first."))

/**
 * @category commands
 * @since 0.1.0
 */
export const run = Command.make("run").pipe(
  Command.withDescription("Look at one run."),
  Command.withSubcommands([
    Command.make(
      "describe",
      {
        id: Args.text({ name: "id" }).pipe(Args.withDescription("Id of the run.")),
        deployment: Options.text("deployment").pipe(
          Options.withDescription("The deployment it ran in; default: every one that runs is asked."),
          Options.optional
        ),
        json
      },
      ({ deployment, id, json }) =>
        Effect.gen(function* () {
          const found = yield* Option.match(deployment, {
            onNone: () => search(id),
            onSome: (name) => Client.run(name, id)
          })
          yield* print(json, Json.run(found), (hasColor) => renderRun(hasColor, found))
        })
    ).pipe(Command.withDescription("Show a run with its steps."))
  ])
)

// internal

/** Asks every deployment that runs. One that cannot be asked does not keep the others from answering. */
const search = (id: string) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const running = yield* deployer.list({ status: "running" })
    const found = yield* Effect.forEach(running, ({ name }) => Effect.option(Client.run(name, id)), { concurrency: 4 })
    return yield* Option.firstSomeOf(found).pipe(
      Effect.mapError(
        () =>
          new RunNotFound({
            runId: id,
            message: `None of the ${running.length} running deployments has a run ${JSON.stringify(id)}.`
          })
      )
    )
  })

const renderPage = (hasColor: boolean, page: Client.RunPage): string =>
  page.runs.length === 0
    ? "There are no runs."
    : [
        Render.table(
          hasColor,
          ["RUN", "STATUS", "NAME", "STARTED", "TOOK", "ID"],
          page.runs.map((one) => [
            String(one.index),
            statusText(one),
            one.name,
            Render.time(one.startedAt),
            took(one.executionTimeMillis),
            one.id
          ])
        ),
        ...(page.nextCursor === undefined ? [] : [`More: --cursor ${Render.clean(page.nextCursor)}`])
      ].join("\n")

const renderRun = (hasColor: boolean, self: Run): string =>
  [
    Render.fields(hasColor, [
      ["id", self.id],
      ["name", self.name],
      ["run", String(self.index)],
      ["status", statusText(self)],
      ["started", Render.time(self.startedAt)],
      ["took", took(self.executionTimeMillis)],
      ["parameters", Render.jsonLine(self.parameters)],
      ["outputs", self.outputs === undefined ? undefined : Render.jsonLine(self.outputs)],
      ["error", self.error === undefined ? undefined : Render.jsonLine(self.error)]
    ]),
    "",
    Render.table(
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

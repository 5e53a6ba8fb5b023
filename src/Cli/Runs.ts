/** `deployers runs` and the commands about one run. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../Client.js"
import { RunStatus } from "../Store/RunStore.js"
import { count, deploymentName, json, print } from "./Common.js"
import * as Json from "./Json.js"
import * as Render from "./Render.js"
import { cancel } from "./RunCancel.js"
import { retry } from "./RunRetry.js"
import * as RunSearch from "./RunSearch.js"
import * as RunView from "./RunView.js"

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

const describe = Command.make("describe", { ...RunSearch.options, json }, ({ deployment, id, json }) =>
  Effect.gen(function* () {
    const { run } = yield* RunSearch.find(id, deployment)
    yield* print(json, Json.run(run), (hasColor) => RunView.render(hasColor, run))
  })
).pipe(Command.withDescription("Show a run with its steps."))

export const run = Command.make("run").pipe(
  Command.withDescription("Look at one run, interrupt it, or run it again."),
  Command.withSubcommands([describe, cancel, retry])
)

// internal

const renderPage = (hasColor: boolean, page: Client.RunPage): string =>
  page.runs.length === 0
    ? "There are no runs."
    : [
        Render.table(
          hasColor,
          ["RUN", "STATUS", "NAME", "STARTED", "TOOK", "ID"],
          page.runs.map((one) => [
            String(one.index),
            RunView.statusText(one),
            one.name,
            Render.time(one.startedAt),
            RunView.took(one.executionTimeMillis),
            one.id
          ])
        ),
        ...(page.nextCursor === undefined ? [] : [`More: --cursor ${Render.clean(page.nextCursor)}`])
      ].join("\n")

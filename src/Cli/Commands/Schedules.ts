/** `deployers schedules` and `deployers schedule pause|resume|fire`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Client from "../../Client.js"
import { deploymentName, json, note, print } from "../Common.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

export const schedules = Command.make(
  "schedules",
  { name: deploymentName, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const { schedules } = yield* Client.schedules(name)
    yield* print(json, { schedules: schedules.map(Json.schedule) }, (hasColor, columns) =>
      render(hasColor, schedules, columns)
    )
  })
).pipe(Command.withDescription("List the schedules of a deployment with their last firings."))

const schedule = Args.text({ name: "schedule" }).pipe(Args.withDescription("Name of the schedule."))

const pause = Command.make(
  "pause",
  { name: deploymentName, schedule, json },
  Effect.fnUntraced(function* ({ json, name, schedule }) {
    const paused = yield* Client.pauseSchedule(name, schedule)
    yield* print(json, Json.schedule(paused), (hasColor) => render(hasColor, [paused]))
  })
).pipe(Command.withDescription("Start no runs by a schedule until it is resumed."))

const resume = Command.make(
  "resume",
  { name: deploymentName, schedule, json },
  Effect.fnUntraced(function* ({ json, name, schedule }) {
    const resumed = yield* Client.resumeSchedule(name, schedule)
    yield* print(json, Json.schedule(resumed), (hasColor) => render(hasColor, [resumed]))
  })
).pipe(Command.withDescription("Start runs by a schedule again, from its next time on."))

const fire = Command.make(
  "fire",
  { name: deploymentName, schedule, json },
  Effect.fnUntraced(function* ({ json, name, schedule }) {
    const runId = yield* Client.fireSchedule(name, schedule)
    yield* print(json, { runId }, () => Render.clean(runId))
    if (!json) yield* note(Render.clean(`\`deployers run describe ${runId}\` shows the run.`))
  })
).pipe(Command.withDescription("Start a run of a schedule now."))

/** The group of commands that change one schedule. */
export const scheduleCommands = Command.make("schedule").pipe(
  Command.withDescription("Pause or resume one schedule, or start a run of it."),
  Command.withSubcommands([pause, resume, fire])
)

// internal

const render = (hasColor: boolean, all: ReadonlyArray<Client.ScheduleStatus>, columns?: number): string =>
  all.length === 0
    ? "The pipeline has no schedules."
    : Table.draw(
        hasColor,
        ["SCHEDULE", "CRON", "NEXT", "LAST", "STATE", "RUN"],
        all.map(({ cron, firings: [last], isPaused, name, nextAt }) => [
          name,
          cron,
          isPaused ? "paused" : nextAt === undefined ? "-" : Render.time(nextAt),
          last === undefined ? "-" : Render.time(last.dueAt),
          last?.state ?? "-",
          last?.runId ?? "-"
        ]),
        { columns, giveWay: ["LAST", "RUN"] }
      )

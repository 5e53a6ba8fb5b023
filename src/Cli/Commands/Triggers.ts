/** `deployers triggers` and `deployers trigger pause|resume`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Client from "../../Client.js"
import { deploymentName, json, print } from "../Common.js"
import * as Table from "../Output/Table.js"

export const triggers = Command.make(
  "triggers",
  { name: deploymentName, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const { triggers } = yield* Client.triggers(name)
    yield* print(json, { triggers }, (hasColor) => render(hasColor, triggers))
  })
).pipe(Command.withDescription("List the triggers of a deployment."))

const trigger = Args.text({ name: "trigger" }).pipe(Args.withDescription("Name of the trigger."))

const pause = Command.make(
  "pause",
  { name: deploymentName, trigger, json },
  Effect.fnUntraced(function* ({ json, name, trigger }) {
    const paused = yield* Client.pauseTrigger(name, trigger)
    yield* print(json, paused, (hasColor) => render(hasColor, [paused]))
  })
).pipe(Command.withDescription("Take no messages by a trigger until it is resumed."))

const resume = Command.make(
  "resume",
  { name: deploymentName, trigger, json },
  Effect.fnUntraced(function* ({ json, name, trigger }) {
    const resumed = yield* Client.resumeTrigger(name, trigger)
    yield* print(json, resumed, (hasColor) => render(hasColor, [resumed]))
  })
).pipe(Command.withDescription("Take messages by a trigger again."))

/** The group of commands that change one trigger. */
export const triggerCommands = Command.make("trigger").pipe(
  Command.withDescription("Pause or resume one trigger."),
  Command.withSubcommands([pause, resume])
)

// internal

const render = (hasColor: boolean, all: ReadonlyArray<Client.TriggerStatus>): string =>
  all.length === 0
    ? "The pipeline has no triggers."
    : Table.draw(
        hasColor,
        ["TRIGGER", "STATE", "TAKEN WHEN", "CONCURRENCY", "ATTEMPTS"],
        all.map(({ ackOn, concurrency, isPaused, maxAttempts, name }) => [
          name,
          isPaused ? "paused" : "active",
          ackOn,
          String(concurrency),
          String(maxAttempts)
        ])
      )

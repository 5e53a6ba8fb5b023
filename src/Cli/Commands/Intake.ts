/** The commands on the intake of a deployment: `pause`, `maintenance` and `resume`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployer } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import { deploymentName, duration, json, text } from "../Common.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Progress from "../Output/Progress.js"

export const pause = Command.make(
  "pause",
  {
    name: deploymentName,
    length: duration("for", "The longest time that runs wait, such as 10s or 2m, up to 5m; default 30s."),
    json
  },
  Effect.fnUntraced(function* ({ json, length, name }) {
    const deployer = yield* Deployer
    yield* changed(json, name, deployer.pause(name, { for: Option.getOrUndefined(length) }))
  })
).pipe(Command.withDescription("Let new runs of a deployment wait, until `resume` or the end of a time."))

export const maintenance = Command.make(
  "maintenance",
  {
    name: deploymentName,
    message: text("message", 'The text that callers read, such as "Back at 14:00.".'),
    retryAfter: duration("retry-after", "The time after which callers try again, such as 600s or 1h; default 1m."),
    json
  },
  Effect.fnUntraced(function* ({ json, message, name, retryAfter }) {
    const deployer = yield* Deployer
    const options = { message: Option.getOrUndefined(message), retryAfter: Option.getOrUndefined(retryAfter) }
    yield* changed(json, name, deployer.maintenance(name, options))
  })
).pipe(Command.withDescription("Refuse new runs of a deployment with a message, until `resume`."))

export const resume = Command.make(
  "resume",
  { name: deploymentName, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const deployer = yield* Deployer
    yield* changed(json, name, deployer.resume(name))
  })
).pipe(Command.withDescription("End the pause or the maintenance of a deployment."))

// internal

const changed = <E, R>(asJson: boolean, name: string, change: Effect.Effect<Deployment, E, R>) =>
  Effect.flatMap(Progress.follow(name, change), (deployment) => DeploymentView.print(asJson, deployment))

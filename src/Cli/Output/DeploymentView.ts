/** A deployment for people, and the commands that call it. */
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { JsonSchema } from "../../Client/JsonSchema.js"
import * as Client from "../../Client.js"
import { shareText } from "../../Deployment/Candidate.js"
import type { Deployment } from "../../Deployment.js"
import type * as Settings from "../../Settings.js"
import * as Common from "../Common.js"
import type { Output } from "../Output.js"
import * as Json from "./Json.js"
import * as Render from "./Render.js"

/** Prints a deployment as the result of a command. */
export const print = (asJson: boolean, self: Deployment): Effect.Effect<void, never, Output> =>
  Common.print(asJson, Json.deployment(self), (hasColor) => render(hasColor, self))

/** The remark under a new key. */
export const keyRemark = "The key is shown only now; `deployers describe --show-secret` shows it again."

/** The fields of a deployment. */
export const render = (
  hasColor: boolean,
  self: Deployment,
  extra: { readonly authKey?: Redacted.Redacted | undefined; readonly workers?: number | undefined } = {}
): string =>
  Render.fields(hasColor, [
    ["name", self.name],
    ["id", self.id],
    [
      "status",
      self.unknownSince === undefined
        ? self.status
        : `${self.status} (not observed since ${Render.time(self.unknownSince)})`
    ],
    ["reason", self.reason],
    ["intake", intakeText(self)],
    ["url", self.url],
    ["key", extra.authKey === undefined ? authText(self) : Redacted.value(extra.authKey)],
    ["generation", String(self.generation)],
    ["canary", canaryText(self)],
    ["snapshot", `${self.snapshot.pipelineName}@${self.snapshot.version} (${self.snapshot.id})`],
    ["workers", extra.workers === undefined ? undefined : String(extra.workers)],
    ["deployer", `${self.deployer.flavor}/${self.deployer.name}`],
    ...Object.entries(self.metadata)
      .filter(([key]) => key !== "generation")
      .map(([key, value]): readonly [string, string] => [key, plain(value)]),
    ["created", Render.time(self.createdAt)],
    ["updated", Render.time(self.updatedAt)]
  ])

/** The status with the pause, the maintenance or the canary of a deployment, in few words. */
export const statusText = (self: Deployment): string =>
  `${intakeStatus(self)}${self.candidate === undefined ? "" : ", canary"}`

const intakeStatus = ({ intake, status }: Deployment): string => {
  switch (intake?._tag) {
    case undefined:
      return status
    case "Paused":
      return `${status}, paused`
    case "Maintenance":
      return `${status}, maintenance`
  }
}

/** A curl command and a `deployers invoke` command, complete with example parameters. */
export const howToCall = (options: {
  readonly deployment: Deployment
  readonly serving: Settings.Serving
  readonly input: JsonSchema
  readonly authKey: Redacted.Redacted | undefined
}): string => {
  const { authKey, deployment, input, serving } = options
  const parameters = Client.exampleOf(input)
  const bearer = authKey === undefined ? "$DEPLOYMENT_KEY" : Redacted.value(authKey)
  const header = deployment.authEnabled ? [`-H "Authorization: Bearer ${bearer}"`] : []
  const curl = [
    `curl -X POST ${Render.shellWord(`${deployment.url ?? ""}${Client.paths(serving).invoke}`)}`,
    ...header,
    "-H 'Content-Type: application/json'",
    `-d ${Render.shellWord(Render.jsonLine({ parameters }))}`
  ]
  return `Call it:\n  ${curl.join(" ")}\n  deployers invoke ${deployment.name}${flags(parameters)}`
}

// internal

const canaryText = ({ candidate }: Deployment): string | undefined =>
  candidate === undefined
    ? undefined
    : `generation ${candidate.generation}, ${candidate.snapshot.pipelineName}@${candidate.snapshot.version}, serves ${shareText(candidate.share)}`

const intakeText = ({ intake, name }: Deployment): string | undefined => {
  switch (intake?._tag) {
    case undefined:
      return undefined
    case "Paused":
      return `paused: new runs wait until ${Render.time(intake.until)}, or until \`deployers resume ${name}\``
    case "Maintenance":
      return `maintenance: new runs are refused with "${Render.clean(intake.message)}" until \`deployers resume ${name}\``
  }
}

const authText = (self: Deployment): string => (self.authEnabled ? "required (--show-secret shows it)" : "not required")

const plain = (value: unknown): string => (typeof value === "string" ? value : Render.jsonLine(value))

const flags = (parameters: unknown): string =>
  typeof parameters === "object" && parameters !== null
    ? Object.entries(parameters)
        .map(([name, value]) => ` ${Render.shellWord(`--${name}`)} ${Render.shellWord(Render.clean(plain(value)))}`)
        .join("")
    : ""

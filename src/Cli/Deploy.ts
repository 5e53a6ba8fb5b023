/** `deployers deploy`: from a file to a running service. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Deployer, Plan } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import * as Settings from "../Settings.js"
import * as Snapshot from "../Snapshot.js"
import { afterChange, flag, json, note, pipelineFile, print, whenInterrupted } from "./Common.js"
import { chosen, flavors } from "./Deployers.js"
import * as DeploymentView from "./DeploymentView.js"
import * as DeploySettings from "./DeploySettings.js"
import * as Json from "./Json.js"
import * as Progress from "./Progress.js"
import * as Render from "./Render.js"

export const deploy = Command.make(
  "deploy",
  {
    file: pipelineFile,
    name: Options.text("name").pipe(Options.withDescription("Name of the deployment.")),
    deployer: Options.choice("deployer", flavors).pipe(
      Options.withDescription(
        "A process of this machine (local, the default) or a container of the Docker engine. An existing deployment keeps its deployer."
      ),
      Options.optional
    ),
    replace: flag("replace", "Replace an existing deployment of that name, which is the default."),
    noReplace: flag("no-replace", "Fail if a deployment of that name exists."),
    ...DeploySettings.options,
    plan: flag("plan", "Show the change and make none."),
    json
  },
  Effect.fnUntraced(function* (given) {
    const deployer = yield* chosen(Option.getOrUndefined(given.deployer))
    yield* note(`Bundling ${Render.clean(given.file)}`)
    const snapshot = yield* Snapshot.fromFile(given.file)
    const options = { name: given.name, replace: !given.noReplace, settings: DeploySettings.settingsOf(given) }
    if (given.plan) return yield* printPlan(given.json, yield* deployer.plan(snapshot, options))
    const before = yield* currentKey(given.name)
    const deployment = yield* Progress.follow(given.name, deployer.provision(snapshot, options)).pipe(
      whenInterrupted(afterChange(given.name))
    )
    yield* printDeployed(given.json, deployment, snapshot, before)
  })
).pipe(Command.withDescription("Serve a pipeline as a deployment."))

// internal

const currentKey = (name: string) =>
  Effect.flatMap(Deployer, (deployer) => deployer.authKey(name)).pipe(
    Effect.catchTag("DeploymentNotFound", () => Effect.succeed(undefined))
  )

const printDeployed = Effect.fnUntraced(function* (
  asJson: boolean,
  deployment: Deployment,
  snapshot: Snapshot.Snapshot,
  before: Redacted.Redacted | undefined
) {
  const deployer = yield* Deployer
  const [revision] = yield* deployer.revisions(deployment.id)
  const settings = Option.getOrUndefined(decodeSettings(revision?.settings))
  const key = yield* deployer.authKey(deployment.id)
  const isNew = key !== undefined && (before === undefined || Redacted.value(before) !== Redacted.value(key))
  const shown = isNew && settings?.auth._tag === "generate" ? key : undefined
  const call = {
    deployment,
    serving: settings?.serving ?? defaults,
    input: snapshot.spec.input,
    authKey: shown
  }
  yield* print(asJson, Json.deployment(deployment, shown), (hasColor) =>
    [
      DeploymentView.render(hasColor, deployment, { authKey: shown }),
      ...(shown === undefined ? [] : [DeploymentView.keyRemark]),
      "",
      DeploymentView.howToCall(call)
    ].join("\n")
  )
})

const decodeSettings = Schema.decodeUnknownOption(Settings.Deployment)
const defaults = Schema.decodeSync(Settings.Serving)({})

const printPlan = (asJson: boolean, plan: Plan) =>
  print(asJson, Schema.encodeSync(Plan)(plan), (hasColor) =>
    [
      Render.fields(hasColor, [
        ["action", plan.action],
        ["name", plan.name],
        ["generation", String(plan.generation)],
        ["snapshot", `${plan.snapshot.pipelineName}@${plan.snapshot.version}`],
        ["gap", plan.gap ? "the service refuses callers for a moment" : "none"]
      ]),
      ...(plan.action === "create" ? [] : plan.changes).map(({ from, path, to }) =>
        Render.clean(`  ${path}: ${Render.jsonLine(from ?? null)} -> ${Render.jsonLine(to ?? null)}`)
      )
    ].join("\n")
  )

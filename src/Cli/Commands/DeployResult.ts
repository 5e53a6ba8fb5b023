/** The result of `deployers deploy` as text and as JSON. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Deployer, Plan } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import * as Settings from "../../Settings.js"
import type * as Snapshot from "../../Snapshot.js"
import { print } from "../Common.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"

/** A deployment after the command. */
export interface Deployed {
  readonly deployment: Deployment
  readonly snapshot: Snapshot.Snapshot
  /** The key before. */
  readonly before: Redacted.Redacted | undefined
  /** False for a redeploy of the same version with the same settings. */
  readonly changed: boolean
}

/** Prints the deployment, and its key if the command generated one. */
export const printDeployed = Effect.fnUntraced(function* (
  asJson: boolean,
  { before, changed, deployment, snapshot }: Deployed
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
  yield* print(asJson, { ...Json.deployment(deployment, shown), changed }, (hasColor) =>
    [
      ...(changed ? [] : ["Nothing has changed: the same pipeline and settings serve as a new generation.", ""]),
      DeploymentView.render(hasColor, deployment, { authKey: shown }),
      ...(shown === undefined ? [] : [DeploymentView.keyRemark]),
      "",
      DeploymentView.howToCall(call)
    ].join("\n")
  )
})

/** Prints a plan. */
export const printPlan = (asJson: boolean, plan: Plan) =>
  print(asJson, Schema.encodeSync(Plan)(plan), (hasColor) =>
    [
      Render.fields(hasColor, [
        ["action", plan.action],
        ["name", plan.name],
        ["generation", String(plan.generation)],
        ["snapshot", `${plan.snapshot.pipelineName}@${plan.snapshot.version}`],
        ["changed", plan.changed ? "yes" : "no"],
        ["gap", plan.gap ? "the service refuses callers for a moment" : "none"]
      ]),
      ...(plan.action === "create" ? [] : plan.changes).map(({ from, path, to }) =>
        Render.clean(`  ${path}: ${Render.jsonLine(from ?? null)} -> ${Render.jsonLine(to ?? null)}`)
      ),
      ...plan.warnings.map(({ message }) => Render.clean(`  warning: ${message}`)),
      ...plan.kept.map(({ path, value }) => Render.clean(`  ${path}: ${Render.jsonLine(value)} stays`)),
      ...previewLines(plan)
    ].join("\n")
  )

/** The changes of the objects outside, as the engine reports them. */
export const previewLines = ({ preview }: Plan): ReadonlyArray<string> => {
  if (preview === undefined) return []
  if (preview.unavailable !== undefined) return [Render.clean(`  objects: unknown, because ${preview.unavailable}`)]
  return preview.objects.flatMap(({ action, changes, object, refused, replaces }) => [
    Render.clean(`  ${action} ${object}${replaces === undefined ? "" : ` in place of ${replaces}`}`),
    ...(refused === undefined ? [] : [Render.clean(`    refused: ${refused}`)]),
    ...changes.map(({ from, path, to }) => Render.clean(`    ${path}: ${shown(from)} -> ${shown(to)}`))
  ])
}

// internal

const shown = (value: unknown): string => (value === undefined ? "none" : Render.jsonLine(value))

const decodeSettings = Schema.decodeUnknownOption(Settings.Deployment)
const defaults = Schema.decodeSync(Settings.Serving)({})

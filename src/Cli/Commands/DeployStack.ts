/** `deployers deploy` without a file: the deployments of the settings file. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Deployer, Plan } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import * as ConfigFile from "../../Stack/ConfigFile.js"
import type { Stack } from "../../Stack/Definition.js"
import { deployPrepared } from "../../Stack/Deploy.js"
import { prepare } from "../../Stack/Members.js"
import { type PlannedMember, planPrepared } from "../../Stack/Plan.js"
import { note, print, whenInterrupted } from "../Common.js"
import { Deployers } from "../Deployers.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Json from "../Output/Json.js"
import * as Progress from "../Output/Progress.js"
import * as Render from "../Output/Render.js"
import { previewLines } from "./DeployResult.js"

/** The options for the settings file. */
export interface Given {
  readonly only: ReadonlyArray<string>
  readonly config: string | undefined
  readonly stage: string | undefined
  readonly plan: boolean
  readonly json: boolean
}

/** Plans the deployments of the settings file, shows the plan, and deploys them unless only the plan is wanted. */
export const deploy = Effect.fnUntraced(function* ({ config, json, only, plan, stage }: Given) {
  const begun = yield* Progress.begin
  const deployers = yield* Deployers
  const stack = yield* ConfigFile.load({ file: config, stage })
  yield* Progress.phase(begun, `bundling ${pipelinesOf(stack)}`)
  const members = yield* prepare(stack, { only, deployers })
  const planned = yield* planPrepared(members, { preview: plan })
  if (plan) {
    return yield* print(json, { plan: planned.map(planJson) }, (hasColor) => planText(hasColor, planned))
  }
  yield* note(planText(false, planned))
  const names = planned.map(({ name }) => name)
  const keys = yield* Effect.forEach(names, keyOf)
  const { changed, deployments } = yield* Progress.followAll(names, deployPrepared(members), begun).pipe(
    whenInterrupted("The deployments serve the versions that served before.")
  )
  const shown = yield* Effect.forEach(deployments, ({ changed, deployment }, index) =>
    Effect.map(newKey(deployment, keys[index]), (authKey) => ({ authKey, changed, deployment }))
  )
  yield* print(
    json,
    {
      changed,
      deployments: shown.map(({ authKey, changed, deployment }) => ({
        ...Json.deployment(deployment, authKey),
        changed
      }))
    },
    (hasColor) =>
      shown
        .map(({ authKey, changed, deployment }) =>
          [
            changed
              ? DeploymentView.render(hasColor, deployment, { authKey })
              : `${deployment.name} has not changed: ${deployment.url ?? deployment.status}`,
            ...(authKey === undefined ? [] : [DeploymentView.keyRemark])
          ].join("\n")
        )
        .join("\n\n")
  )
})

// internal

const pipelinesOf = ({ members }: Stack): string =>
  Array.from(new Set(members.map(({ pipeline }) => (typeof pipeline === "string" ? pipeline : pipeline.label)))).join(
    ", "
  )

const keyOf = (name: string) =>
  Effect.flatMap(Deployer, (deployer) => deployer.authKey(name)).pipe(
    Effect.catchTag("DeploymentNotFound", () => Effect.succeed(undefined))
  )

/** The key of a deployment if it was generated now; a key that is a stored secret is the owner's. */
const newKey = (deployment: Deployment, before: Redacted.Redacted | undefined) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const key = yield* deployer.authKey(deployment.id)
    const isSame = key !== undefined && before !== undefined && Redacted.value(before) === Redacted.value(key)
    if (key === undefined || isSame) return undefined
    const revisions = yield* deployer.revisions(deployment.id)
    const settings = revisions.find(({ generation }) => generation === deployment.generation)?.settings
    return isGenerated(settings) ? key : undefined
  })

const isGenerated = Schema.is(Schema.Struct({ auth: Schema.TaggedStruct("generate", {}) }))

const planJson = ({ after, ignored, plan }: PlannedMember) => ({ ...Schema.encodeSync(Plan)(plan), after, ignored })

const planText = (hasColor: boolean, planned: ReadonlyArray<PlannedMember>): string =>
  planned
    .flatMap(({ after, ignored, name, plan }) => [
      Render.paint(hasColor, "bold", `${name}: ${actionOf(plan, after)}`),
      ...(plan.action === "create" || !plan.changed ? [] : plan.changes).map(({ from, path, to }) =>
        Render.clean(`  ${path}: ${Render.jsonLine(from ?? null)} -> ${Render.jsonLine(to ?? null)}`)
      ),
      ...(ignored.length === 0
        ? []
        : [Render.clean(`  without ${ignored.join(", ")}, which this deployer does not have`)]),
      ...previewLines(plan)
    ])
    .join("\n")

const actionOf = ({ action, changed, snapshot }: Plan, after: ReadonlyArray<string>): string => {
  const version = `${snapshot.pipelineName}@${snapshot.version}`
  if (changed) return `${action} with ${version}`
  return after.length === 0 ? "no change" : `no change, unless ${after.join(" or ")} gets another URL or key`
}

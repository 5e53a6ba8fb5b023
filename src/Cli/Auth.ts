/** `deployers auth rotate|remove`: a new key for callers, or no key. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Deployer, type ProvisionOptions } from "../Deployer.js"
import * as Settings from "../Settings.js"
import { afterChange, deploymentName, json, operationTimeout, print, whenInterrupted } from "./Common.js"
import * as DeploymentView from "./DeploymentView.js"
import { UsageError } from "./Failure.js"
import * as Json from "./Json.js"
import * as Progress from "./Progress.js"

const options = { name: deploymentName, timeout: operationTimeout, json } as const

const rotate = Command.make(
  "rotate",
  options,
  Effect.fnUntraced(function* ({ json, name, timeout }) {
    const deployer = yield* Deployer
    yield* refuseSecret(name)
    const deployment = yield* served(name, timeout, { _tag: "generate" }, { rotateAuthKey: true })
    const authKey = yield* deployer.authKey(deployment.id)
    yield* print(
      json,
      Json.deployment(deployment, authKey),
      (hasColor) => `${DeploymentView.render(hasColor, deployment, { authKey })}\n${DeploymentView.keyRemark}`
    )
  })
).pipe(Command.withDescription("Replace the generated key of a deployment, as a new generation."))

const remove = Command.make(
  "remove",
  options,
  Effect.fnUntraced(function* ({ json, name, timeout }) {
    yield* DeploymentView.print(json, yield* served(name, timeout, { _tag: "none" }))
  })
).pipe(
  Command.withDescription(
    "Serve a deployment without a key, as a new generation: every caller that reaches it may call."
  )
)

export const auth = Command.make("auth").pipe(
  Command.withDescription("Change the key that callers of a deployment need."),
  Command.withSubcommands([rotate, remove])
)

// internal

const served = (
  name: string,
  timeout: Option.Option<number>,
  auth: Settings.Auth,
  more: Pick<ProvisionOptions, "rotateAuthKey"> = {}
) =>
  Effect.flatMap(Deployer, (deployer) =>
    Progress.follow(
      name,
      deployer.reprovision(name, {
        ...more,
        settings: { auth, ...(Option.isSome(timeout) ? { timeoutMillis: timeout.value } : {}) }
      })
    ).pipe(whenInterrupted(afterChange(name)))
  )

const decodeSettings = Schema.decodeUnknownOption(Settings.Deployment)

/** A key that is a stored secret belongs to the user who stored it: only `secret set` changes it. */
const refuseSecret = Effect.fnUntraced(function* (name: string) {
  const deployer = yield* Deployer
  const { generation } = yield* deployer.get(name)
  const revision = (yield* deployer.revisions(name)).find((one) => one.generation === generation)
  const settings = Option.getOrUndefined(decodeSettings(revision?.settings))
  if (settings?.auth._tag !== "secret") return
  return yield* new UsageError({
    message: `The key of "${name}" is the secret ${settings.auth.name}, which this command does not change.`,
    hint: `\`deployers secret set ${settings.auth.name}\` and \`deployers provision ${name}\` give it a new key.`
  })
})

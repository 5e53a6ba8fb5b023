/** `deployers auth rotate|remove`: another key for callers, or none. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Deployer, type ProvisionOptions } from "../Deployer.js"
import * as Settings from "../Settings.js"
import { deploymentName, json, leftOfChange, print, timeout, whenInterrupted } from "./Common.js"
import * as DeploymentView from "./DeploymentView.js"
import { UsageError } from "./Failure.js"
import * as Json from "./Json.js"
import * as Progress from "./Progress.js"

const options = {
  name: deploymentName,
  timeout: timeout("How long it may take, such as 30s or 2m; default 60s."),
  json
} as const

const rotate = Command.make("rotate", options, ({ json, name, timeout }) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    yield* refuseSecret(name)
    const deployment = yield* served(name, timeout, { _tag: "generate" }, { rotateAuthKey: true })
    const authKey = yield* deployer.authKey(deployment.id)
    yield* print(json, Json.deployment(deployment, authKey), (hasColor) =>
      [
        DeploymentView.render(hasColor, deployment, { authKey }),
        "The key is shown only now; `deployers describe --show-secret` shows it again."
      ].join("\n")
    )
  })
).pipe(Command.withDescription("Serve a deployment with another generated key, as a new generation."))

const remove = Command.make("remove", options, ({ json, name, timeout }) =>
  Effect.gen(function* () {
    const deployment = yield* served(name, timeout, { _tag: "none" })
    yield* print(json, Json.deployment(deployment), (hasColor) => DeploymentView.render(hasColor, deployment))
  })
).pipe(
  Command.withDescription("Serve a deployment without a key, as a new generation: anybody who reaches it may call.")
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
    ).pipe(whenInterrupted(leftOfChange(name)))
  )

const decodeSettings = Schema.decodeUnknownOption(Settings.Deployment)

/** A key that is a stored secret is whoever's who stored it. */
const refuseSecret = (name: string) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const { generation } = yield* deployer.get(name)
    const revision = (yield* deployer.revisions(name)).find((one) => one.generation === generation)
    const settings = Option.getOrUndefined(decodeSettings(revision?.settings))
    if (settings?.auth._tag !== "secret") return
    return yield* new UsageError({
      message: `The key of "${name}" is the secret ${settings.auth.name}.`,
      hint: `\`deployers secret set ${settings.auth.name}\` and \`deployers provision ${name}\` give it another key.`
    })
  })

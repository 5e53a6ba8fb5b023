/** `deployers auth list|add|rotate|remove`: the keys that callers of a deployment send. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { KeyScope } from "../../Contract/Keys.js"
import type { KeyInfo, NewKey } from "../../Deployer/Contract.js"
import { Deployer, type ProvisionOptions } from "../../Deployer.js"
import * as Settings from "../../Settings.js"
import {
  afterChange,
  afterRepeatable,
  deploymentName,
  json,
  operationTimeout,
  parseMillis,
  print,
  text,
  whenInterrupted
} from "../Common.js"
import { UsageError } from "../Failure.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Json from "../Output/Json.js"
import * as Progress from "../Output/Progress.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

const list = Command.make(
  "list",
  { name: deploymentName, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const keys = yield* Effect.flatMap(Deployer, (deployer) => deployer.authKeys(name))
    yield* print(json, { keys: keys.map(encode) }, (hasColor) =>
      keys.length === 0 ? "There are no keys." : table(hasColor, keys)
    )
  })
).pipe(
  Command.withDescription("List the keys of a deployment with their scopes and last uses, never the keys themselves.")
)

const add = Command.make(
  "add",
  {
    name: deploymentName,
    scope: Options.choice("scope", KeyScope.literals).pipe(
      Options.withDescription("What the key permits; may be repeated. Default: all of them."),
      Options.repeated
    ),
    expiresIn: text("expires-in", "The time after which the key is refused, such as 90d; default: never.", "duration"),
    json
  },
  Effect.fnUntraced(function* ({ expiresIn, json, name, scope }) {
    const deployer = yield* Deployer
    const expiresAt = yield* endOf(expiresIn)
    const key = yield* deployer
      .addAuthKey(name, { ...(scope.length > 0 ? { scopes: scope } : {}), ...expiresAt })
      .pipe(whenInterrupted(afterRepeatable(`auth list ${name}`)))
    yield* printNew(json, name, key)
  })
).pipe(Command.withDescription("Add a key beside the others, without a restart."))

const rotate = Command.make(
  "rotate",
  {
    name: deploymentName,
    keyId: keyIdArgument(),
    expiresIn: text(
      "expires-in",
      "The time after which the new key is refused, such as 90d; default: never.",
      "duration"
    ),
    timeout: operationTimeout,
    json
  },
  Effect.fnUntraced(function* ({ expiresIn, json, keyId, name, timeout }) {
    const deployer = yield* Deployer
    yield* refuseSecret(name)
    if (!(yield* deployer.get(name)).authEnabled) return yield* first(json, name, timeout)
    const key = yield* deployer
      .rotateAuthKey(name, { id: Option.getOrUndefined(keyId), ...(yield* endOf(expiresIn)) })
      .pipe(whenInterrupted(afterRepeatable(`auth list ${name}`)))
    yield* printNew(json, name, key)
  })
).pipe(
  Command.withDescription(
    "Make a key in the place of another one (default: your own), without a restart. Both are live until `auth remove` removes the old one, or until the next rotation."
  )
)

const remove = Command.make(
  "remove",
  { name: deploymentName, keyId: keyIdArgument(), timeout: operationTimeout, json },
  Effect.fnUntraced(function* ({ json, keyId, name, timeout }) {
    if (Option.isNone(keyId)) {
      const open = yield* served(name, timeout, { _tag: "none" }, { removeAuthKeys: true })
      return yield* DeploymentView.print(json, open)
    }
    const deployer = yield* Deployer
    yield* deployer
      .removeAuthKey(name, keyId.value)
      .pipe(whenInterrupted(afterRepeatable(`auth remove ${name} ${keyId.value}`)))
    yield* print(json, { id: keyId.value, removed: true }, () =>
      Render.clean(`The service of "${name}" refuses the key ${keyId.value} from now on.`)
    )
  })
).pipe(
  Command.withDescription(
    "Remove a key, at once and without a restart. Without a KEYID: serve a deployment without a key, as a new generation, so that every caller that reaches it may call."
  )
)

export const auth = Command.make("auth").pipe(
  Command.withDescription("Change the keys that callers of a deployment send."),
  Command.withSubcommands([list, add, rotate, remove])
)

// internal

function keyIdArgument() {
  return Args.text({ name: "keyid" }).pipe(Args.withDescription("Id of a key, as `auth list` shows it."), Args.optional)
}

/** A deployment that asks for no key gets one as a new generation. */
const first = Effect.fnUntraced(function* (asJson: boolean, name: string, timeout: Option.Option<number>) {
  const deployer = yield* Deployer
  const deployment = yield* served(name, timeout, { _tag: "generate" }, { rotateAuthKey: true })
  const authKey = yield* deployer.authKey(deployment.id)
  yield* print(
    asJson,
    Json.deployment(deployment, authKey),
    (hasColor) => `${DeploymentView.render(hasColor, deployment, { authKey })}\n${DeploymentView.keyRemark}`
  )
})

const served = (
  name: string,
  timeout: Option.Option<number>,
  auth: Settings.Auth,
  more: Pick<ProvisionOptions, "rotateAuthKey" | "removeAuthKeys">
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

const endOf = Effect.fnUntraced(function* (given: Option.Option<string>) {
  if (Option.isNone(given)) return {}
  const millis = parseMillis(given.value)
  if (Option.isNone(millis)) {
    return yield* new UsageError({
      message: `"${given.value}" is not a duration.`,
      hint: "Give --expires-in a duration such as 12h or 90d."
    })
  }
  return { expiresAt: DateTime.unsafeMake((yield* Clock.currentTimeMillis) + millis.value) }
})

const encode = (key: KeyInfo) => ({
  id: key.id,
  scopes: key.scopes,
  origin: key.origin,
  own: key.isOwn,
  retiring: key.isRetiring,
  createdAt: DateTime.formatIso(key.createdAt),
  ...(key.expiresAt === undefined ? {} : { expiresAt: DateTime.formatIso(key.expiresAt) }),
  ...(key.lastUsedAt === undefined ? {} : { lastUsedAt: DateTime.formatIso(key.lastUsedAt) })
})

const table = (hasColor: boolean, keys: ReadonlyArray<KeyInfo>): string =>
  Table.draw(
    hasColor,
    ["ID", "SCOPES", "ORIGIN", "CREATED", "EXPIRES", "LAST USED", ""],
    keys.map((key) => [
      key.id,
      key.scopes.join(" "),
      key.origin,
      Render.time(key.createdAt),
      key.expiresAt === undefined ? "-" : Render.time(key.expiresAt),
      key.lastUsedAt === undefined ? "-" : Render.time(key.lastUsedAt),
      key.isOwn ? "yours" : key.isRetiring ? "retiring" : ""
    ])
  )

const printNew = Effect.fnUntraced(function* (asJson: boolean, name: string, key: NewKey) {
  const deployment = yield* Effect.flatMap(Deployer, (deployer) => deployer.get(name))
  yield* print(asJson, { ...Json.deployment(deployment, key.key), key: encode(key) }, (hasColor) =>
    [
      Render.fields(hasColor, [
        ["id", key.id],
        ["key", Redacted.value(key.key)],
        ["scopes", key.scopes.join(" ")],
        ["expires", key.expiresAt === undefined ? undefined : Render.time(key.expiresAt)]
      ]),
      "The key is shown only now."
    ].join("\n")
  )
})

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

/** `deployers share`: links to the page of a deployment that expire, and their end. */
import { createHmac, randomBytes } from "node:crypto"
import * as Command from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Routes from "../../Contract/Routes.js"
import * as ShareToken from "../../Contract/ShareToken.js"
import { Deployer } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import { isLoopback } from "../../Internal/Loopback.js"
import * as Settings from "../../Settings.js"
import { digestKey } from "../../Store/Registry/AuthKey.js"
import { afterRepeatable, deploymentName, duration, flag, json, note, print, text, whenInterrupted } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"

export const share = Command.make(
  "share",
  {
    name: deploymentName,
    time: duration("for", "The time after which the link is refused, such as 2h or 7d; at most 30d."),
    run: text("run", "Show this run alone.", "id"),
    invoke: flag("invoke", "Permit running the pipeline, too."),
    revoke: flag("revoke", "End all links of the deployment by a new key in the place of yours."),
    json
  },
  Effect.fnUntraced(function* ({ invoke, json, name, revoke, run, time }) {
    yield* checkUsage({ invoke, revoke, run, time })
    return revoke ? yield* revokeAll(json, name) : yield* make(json, name, { invoke, run, time })
  })
).pipe(
  Command.withDescription(
    "Print a URL that opens the page of a deployment and its runs without the key, until a time is over; it permits no change."
  )
)

// internal

interface Given {
  readonly invoke: boolean
  readonly run: Option.Option<string>
  readonly time: Option.Option<number>
}

const mostMillis = 30 * 24 * 3_600_000

const checkUsage = ({ invoke, revoke, run, time }: Given & { readonly revoke: boolean }) => {
  const usage = (message: string, hint: string) => Effect.fail(new UsageError({ message, hint }))
  const one = "`deployers share NAME --for 2h`"
  if (revoke && (invoke || Option.isSome(run) || Option.isSome(time)))
    return usage("--revoke ends all links, and cannot be combined with another option.", `${one} makes a link.`)
  if (revoke) return Effect.void
  if (Option.isNone(time)) return usage("The time of the link is missing.", `${one} makes one for two hours.`)
  if (time.value > mostMillis) return usage("A link lasts 30 days at most.", "Give --for 30d, or a shorter time.")
  if (invoke && Option.isSome(run))
    return usage("--run shows one run, and --invoke would start others.", "Give one of them.")
  if (Option.isSome(run) && !/^[0-9a-f-]{36}$/.test(run.value))
    return usage(`${JSON.stringify(run.value)} is no id of a run.`, "`deployers runs NAME` lists the runs.")
  return Effect.void
}

const make = Effect.fnUntraced(function* (asJson: boolean, name: string, { invoke, run, time }: Given) {
  const deployer = yield* Deployer
  const deployment = yield* deployer.get(name)
  const page = yield* pageOf(deployment)
  const key = yield* Effect.flatMap(deployer.authKey(name), (key) =>
    key === undefined ? open(name) : Effect.succeed(key)
  )
  const expiresAt = (yield* Clock.currentTimeMillis) + Option.getOrElse(time, () => 0)
  const token = yield* sign(key, deployment.id, { expiresAt, invoke, runId: Option.getOrUndefined(run) })
  const url = `${page}#share=${token}`
  const end = DateTime.unsafeMake(expiresAt)
  const permits = invoke ? ["read", "invoke"] : ["read"]
  yield* print(asJson, { url, expiresAt: DateTime.formatIso(end), permits }, () => url)
  if (isLoopback(new URL(page).hostname)) yield* note("The URL leads to this machine only.")
  if (asJson) return
  yield* note(`It permits ${invoke ? "reading and running the pipeline" : "reading"} until ${Render.time(end)}.`)
  yield* note(Render.clean(`\`deployers share ${deployment.name} --revoke\` ends all links.`))
})

/** The digest of the key is what the service knows of it. */
const sign = (
  key: Redacted.Redacted,
  deploymentId: string,
  { runId, ...rest }: Omit<ShareToken.Claims, "nonce" | "runId"> & { readonly runId: string | undefined }
) =>
  Effect.sync(() => {
    const nonce = randomBytes(16).toString("base64url")
    const claims = ShareToken.encode({ nonce, ...rest, ...(runId === undefined ? {} : { runId }) })
    const signature = createHmac("sha256", Buffer.from(digestKey(key), "hex"))
      .update(ShareToken.text(deploymentId, claims))
      .digest("base64url")
    return ShareToken.join({ claims, signature })
  })

/** The URL of the page. A browser that opens a link has no key for it, so a link leads to a page without one. */
const pageOf = (deployment: Deployment) =>
  Effect.gen(function* () {
    const { name, url } = deployment
    if (url === undefined) {
      return yield* new UsageError({
        message: `"${name}" serves at no URL.`,
        hint: `\`deployers provision ${name}\` serves it again.`
      })
    }
    const serving = yield* servingOf(deployment)
    const root = Routes.make(serving).find((route) => route.name === "root")
    if (root?.isPublic !== true) {
      return yield* new UsageError({
        message: `The page of "${name}" ${root === undefined ? "is switched off" : "asks for a key, which a browser does not send"}.`,
        hint: 'A link needs the page: remove "page" from `disabledEndpoints` and `protectedEndpoints`, and deploy again.'
      })
    }
    return `${url.replace(/\/+$/, "")}${root.path}`
  })

const decodeSettings = Schema.decodeUnknownOption(Settings.Deployment)
const decodeServing = Schema.decodeSync(Settings.Serving)

/** The serving settings of the generation that serves. */
const servingOf = ({ generation, name }: Deployment) =>
  Effect.gen(function* () {
    const revisions = yield* Effect.flatMap(Deployer, (deployer) => deployer.revisions(name))
    const settings = revisions.find((one) => one.generation === generation)?.settings
    return Option.match(decodeSettings(settings), { onNone: () => decodeServing({}), onSome: ({ serving }) => serving })
  })

const open = (name: string) =>
  new UsageError({
    message: `"${name}" asks for no key, so its URL alone opens its page.`,
    hint: `\`deployers auth rotate ${name}\` gives it a key.`
  })

const revokeAll = Effect.fnUntraced(function* (asJson: boolean, name: string) {
  const deployer = yield* Deployer
  if ((yield* deployer.authKey(name)) === undefined) return yield* open(name)
  const key = yield* deployer.rotateAuthKey(name).pipe(whenInterrupted(afterRepeatable(`share ${name} --revoke`)))
  const deployment = yield* deployer.get(name)
  yield* print(asJson, { ...Json.deployment(deployment, key.key), revoked: true }, (hasColor) =>
    [
      `All links of ${deployment.name} have ended: a new key takes the place of yours.`,
      Render.fields(hasColor, [["key", Redacted.value(key.key)]]),
      "The old key is accepted until the next rotation, or until `deployers auth remove` removes it."
    ].join("\n")
  )
})

/** `deployers promote` and `deployers abort`, and the candidates of `deployers deploy --canary`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Canaries, Deployer, type WatchOptions } from "../../Deployer.js"
import { shareText } from "../../Deployment/Candidate.js"
import type { Deployment } from "../../Deployment.js"
import { CanaryUnsupported } from "../../Errors/Canary.js"
import {
  afterRepeatable,
  count,
  deploymentName,
  duration,
  json,
  note,
  percentage,
  text,
  whenInterrupted
} from "../Common.js"
import { Deployers } from "../Deployers.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Progress from "../Output/Progress.js"
import * as Render from "../Output/Render.js"

/** The options of `deploy` for a candidate. */
export const canaryOptions = {
  canary: percentage(
    "canary",
    "Serve the new version to this percentage of the callers at most, beside the version that serves; for deployments in a cluster."
  ),
  abortOn: percentage(
    "abort-on",
    "With --canary: remove the new version when more than this percentage of its runs fail."
  ),
  watchFor: duration("for", "With --abort-on: the time to watch the runs; default 10m."),
  minRuns: count("min-runs", 1, 1_000_000, "With --abort-on: the ended runs that a decision needs; default 20.")
}

/** The values of {@link canaryOptions}. */
export interface GivenCanary {
  readonly canary: Option.Option<number>
  readonly abortOn: Option.Option<number>
  readonly watchFor: Option.Option<number>
  readonly minRuns: Option.Option<number>
}

/** The fault in a combination of options, if it has one. */
export const canaryMisuse = (
  given: GivenCanary & { readonly noReplace: boolean; readonly plan: boolean }
): string | undefined => {
  const { abortOn, canary, minRuns, noReplace, plan, watchFor } = given
  if (Option.isNone(canary)) {
    return [abortOn, watchFor, minRuns].some(Option.isSome)
      ? "--abort-on, --for and --min-runs are options of a canary; add --canary 10%."
      : undefined
  }
  if (Option.isNone(abortOn) && [watchFor, minRuns].some(Option.isSome)) {
    return "--for and --min-runs are options of a watch; add --abort-on 5%."
  }
  if (plan) return "--canary and --plan exclude each other; omit one of them."
  return noReplace ? "--canary serves beside an existing deployment; omit --no-replace." : undefined
}

/** The operations on candidates of the deployer that made a deployment. */
export const canariesOf = (name: string) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const all = Object.values(yield* Deployers)
    const { deployer: owner } = yield* deployer.get(name)
    const { canaries } = all.find((one) => one.flavor === owner.flavor && one.name === owner.name) ?? {}
    return canaries === undefined ? yield* new CanaryUnsupported({ name, flavor: owner.flavor }) : canaries
  })

/** Watches a candidate as the options say, and shows the way on. Returns the deployment as it is then. */
export const afterCanary = (canaries: Canaries, given: GivenCanary, deployment: Deployment) =>
  Effect.gen(function* () {
    const { candidate, name } = deployment
    if (candidate === undefined) return deployment
    yield* note(`Generation ${candidate.generation} serves ${shareText(candidate.share)}.`)
    const ways = `\`deployers promote ${name}\` accepts it, \`deployers abort ${name}\` removes it.`
    if (Option.isNone(given.abortOn)) {
      yield* note(`Nothing watches its runs. ${ways}`)
      return deployment
    }
    const options: WatchOptions = {
      abortOnPercent: given.abortOn.value,
      ...(Option.isSome(given.watchFor) ? { forMillis: given.watchFor.value } : {}),
      ...(Option.isSome(given.minRuns) ? { minRuns: given.minRuns.value } : {})
    }
    const millis = options.forMillis ?? defaultWatchMillis
    yield* note(
      `Watching its runs for ${Render.duration(millis)}: more than ${options.abortOnPercent}% failures end it.`
    )
    const watched = yield* canaries
      .watch(deployment.id, options)
      .pipe(whenInterrupted(`The canary goes on, and nothing watches its runs. ${ways}`))
    const remark = watched.isEnough ? "" : " These are too few for a decision."
    yield* note(`${watched.failed} of ${watched.ended} runs failed.${remark} ${ways}`)
    return watched.deployment
  })

export const promote = Command.make(
  "promote",
  { name: deploymentName, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const canaries = yield* canariesOf(name)
    const change = canaries.promote(name).pipe(whenInterrupted(afterRepeatable(`promote ${name}`)))
    yield* DeploymentView.print(json, yield* Progress.follow(name, change))
  })
).pipe(Command.withDescription("Accept the canary of a deployment: its version serves all callers."))

export const abort = Command.make(
  "abort",
  { name: deploymentName, reason: text("reason", "One sentence for the list of generations."), json },
  Effect.fnUntraced(function* ({ json, name, reason }) {
    const canaries = yield* canariesOf(name)
    const change = canaries
      .abort(name, { reason: Option.getOrUndefined(reason) })
      .pipe(whenInterrupted(afterRepeatable(`abort ${name}`)))
    yield* DeploymentView.print(json, yield* Progress.follow(name, change))
  })
).pipe(Command.withDescription("Remove the canary of a deployment; the version before serves all callers."))

// internal

const defaultWatchMillis = 600_000

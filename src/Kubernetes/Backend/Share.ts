/** The share of a candidate: a Service gives each of its pods about the same number of connections. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Share } from "../../Deployment/Candidate.js"
import { DeploymentInvalidSettings } from "../../Errors/Input.js"
import type { ShareRequest } from "../../Flavor/Canary.js"
import { DeploymentObject } from "../Client/Resources.js"
import { KubernetesClient, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import type { KubernetesSettings } from "../Settings.js"
import { at, placeOf } from "./Place.js"

/**
 * The pods of a candidate beside those of the accepted generation, as many as run now. Fails if the smallest share is more
 * than the percentage, and names the replicas that permit it.
 */
export const share = (request: ShareRequest<KubernetesSettings>) =>
  Effect.gen(function* () {
    const issue = issueOf(request)
    if (issue !== undefined) return yield* new DeploymentInvalidSettings({ issues: [issue] })
    const pods = yield* podsOfAccepted(request)
    const found = shareBeside(pods, request.percent)
    if (Option.isSome(found)) return found.value
    const smallest = Math.ceil(1_000 / (pods + 1)) / 10
    const needed = Math.ceil(100 / request.percent) - 1
    const reason = `${request.percent}% needs ${needed} replicas, and the deployment has ${pods}: deploy with more replicas, or ask for at least ${smallest}%`
    return yield* new DeploymentInvalidSettings({ issues: [{ path: "canary", reason }] })
  })

/** The most pods of a candidate beside others that are at most a percentage of all; none if one pod is more. */
export const shareBeside = (pods: number, percent: number): Option.Option<Share> => {
  // A tiny part more, because 10% of 10 pods must not be 0.999 pods.
  const parts = Math.floor((pods * percent) / (100 - percent) + 1e-9)
  return parts < 1 ? Option.none() : Option.some({ parts, of: pods + parts, unit: "pods" })
}

// internal

const decodeDeployment = Schema.decodeUnknownOption(DeploymentObject)

/** Settings with which the pods of two generations cannot serve together. */
const issueOf = ({ acceptedSettings, settings }: ShareRequest<KubernetesSettings>) => {
  const both = [acceptedSettings, settings]
  if (both.some(({ autoscale }) => autoscale !== undefined)) {
    return { path: "autoscale", reason: "changes the share of a canary; use `replicas`, or deploy without a canary" }
  }
  const isShared = ({ serving }: KubernetesSettings) =>
    serving.recording === "none" || serving.runStoreSecret !== undefined
  return both.every(isShared)
    ? undefined
    : {
        path: "serving.runStoreSecret",
        reason:
          "is required for a canary: both versions need one run store, set it to a secret with the URL of a PostgreSQL, or serving.recording to none"
      }
}

const podsOfAccepted = ({ accepted, acceptedSettings }: ShareRequest<KubernetesSettings>) =>
  Effect.gen(function* () {
    const place = yield* placeOf(accepted, {})
    if (Option.isNone(place)) return acceptedSettings.replicas
    const { get } = yield* KubernetesClient
    const found = yield* get(at(place.value, types.deployments, Labels.names(accepted).instance))
    return Option.match(Option.flatMap(found, decodeDeployment), {
      onNone: () => acceptedSettings.replicas,
      onSome: ({ spec }) => spec.replicas
    })
  })

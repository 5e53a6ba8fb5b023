/** Canaries: a new version for a share of the callers, beside the one that serves the others. */
import type * as Effect from "effect/Effect"
import type { AbortRule } from "../Deployment/Candidate.js"
import type { Deployment } from "../Deployment.js"
import type { CanaryAborted, CanaryNotFound } from "../Errors/Canary.js"
import type { DeploymentInvalidSettings } from "../Errors/Input.js"
import type { DeploymentDeprovisionFailed, DeploymentProvisionFailed } from "../Errors/Lifecycle.js"
import type * as Settings from "../Settings.js"
import type { DeprovisionError, ProvisionOptions, RollbackError, SnapshotErrors, SnapshotRef } from "./Contract.js"

/**
 * Options of the deploy of a candidate.
 *
 * @category models
 * @since 0.2.0
 */
export interface CanaryOptions<S extends Settings.DeploymentInput = Settings.DeploymentInput>
  extends Omit<ProvisionOptions<S>, "authKey" | "replace" | "removeAuthKeys" | "rotateAuthKey"> {
  /** The percentage of the callers that the candidate serves at most, above 0 and below 100. */
  readonly percent: number
}

/**
 * The rule by which a canary ends early; everything but the percentage has a default.
 *
 * @category models
 * @since 0.2.0
 */
export interface WatchOptions extends Pick<AbortRule, "abortOnPercent">, Partial<Omit<AbortRule, "abortOnPercent">> {}

/**
 * The result of a watch whose candidate is still there.
 *
 * @category models
 * @since 0.2.0
 */
export interface Watched {
  /** The deployment with its candidate. */
  readonly deployment: Deployment
  /** The number of runs of the candidate that failed. */
  readonly failed: number
  /** The number of runs of the candidate that finished or failed. */
  readonly ended: number
  /** True if enough runs ended for a decision. */
  readonly isEnough: boolean
}

/**
 * Failures of a promotion. The candidate serves its share of the callers on.
 *
 * @category errors
 * @since 0.2.0
 */
export type PromoteError = RollbackError | DeploymentDeprovisionFailed | CanaryNotFound

/**
 * Failures of the removal of a candidate. Repeat it, or reconcile.
 *
 * @category errors
 * @since 0.2.0
 */
export type AbortError = DeprovisionError | DeploymentProvisionFailed | CanaryNotFound

/**
 * Failures of a watch: `CanaryAborted` if the rule ended the canary, `CanaryNotFound` if another operation did.
 *
 * @category errors
 * @since 0.2.0
 */
export type WatchError = CanaryAborted | AbortError | DeploymentInvalidSettings

/**
 * The operations on candidates. A deployment has one candidate at most, and takes no other generation while it has one.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KubernetesDeployer } from "effect-deployers/Kubernetes"
 *
 * const release = Effect.gen(function* () {
 *   const { canaries } = yield* KubernetesDeployer.KubernetesDeployer
 *   yield* canaries.deploy("weather@4", { name: "weather", percent: 10 })
 *   const { isEnough } = yield* canaries.watch("weather", { abortOnPercent: 5, forMillis: 600_000 })
 *   return yield* isEnough ? canaries.promote("weather") : canaries.abort("weather")
 * })
 * ```
 *
 * @category models
 * @since 0.2.0
 */
export interface Canaries<S extends Settings.DeploymentInput = Settings.DeploymentInput> {
  /**
   * Starts a snapshot as the candidate of a deployment that serves, waits until it is healthy, and leads a share of the
   * callers to it. `candidate.share` of the result has the exact share. The candidate has the keys of the deployment. When it
   * fails, nothing has changed.
   */
  readonly deploy: <R extends SnapshotRef>(
    snapshot: R,
    options: CanaryOptions<S>
  ) => Effect.Effect<Deployment, SnapshotErrors<R, RollbackError>>
  /**
   * Watches the runs of the candidate for a while (default 10 minutes) and aborts the canary when at least `minRuns` (default
   * 20) have ended and more than `abortOnPercent` of them have failed. Runs that were interrupted count in neither number. The
   * watch ends with the process that watches; the canary does not.
   */
  readonly watch: (ref: string, options: WatchOptions) => Effect.Effect<Watched, WatchError>
  /** Accepts the candidate: it serves all callers, and the version before is removed after its grace period. */
  readonly promote: (ref: string) => Effect.Effect<Deployment, PromoteError>
  /** Leads all callers to the accepted generation, which never changed, and removes the candidate after its grace period. */
  readonly abort: (
    ref: string,
    options?: {
      /** One sentence, for the revision of the candidate. */
      readonly reason?: string | undefined
    }
  ) => Effect.Effect<Deployment, AbortError>
}

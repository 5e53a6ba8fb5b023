import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Share } from "../Deployment/Candidate.js"
import type { DeploymentInvalidSettings } from "../Errors/Input.js"
import type { EngineUnavailable } from "../Errors/Lifecycle.js"
import type * as Settings from "../Settings.js"
import type { Instance } from "./Instance.js"

/**
 * A question for the share of a candidate.
 *
 * @category models
 * @since 0.2.0
 */
export interface ShareRequest<S extends Settings.Deployment> {
  /** The accepted instance, which serves. */
  readonly accepted: Instance
  /** The settings of the accepted instance. */
  readonly acceptedSettings: S
  /** The settings of the candidate. */
  readonly settings: S
  /** The percentage that was asked for, above 0 and below 100. */
  readonly percent: number
}

/**
 * The means of canaries. All operations can be repeated. `provision` starts a candidate with the `share` of its request, and
 * the same instance as one that serves all callers without it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Canary<S extends Settings.Deployment, R = never> {
  /** The exact share that a candidate would have, never more than the percentage; fails with the remedy if there is none. */
  readonly share: (request: ShareRequest<S>) => Effect.Effect<Share, DeploymentInvalidSettings | EngineUnavailable, R>
  /** Leads the share of the callers to the candidate, and the others to the accepted instance. */
  readonly lead: (accepted: Instance, candidate: Instance, share: Share) => Effect.Effect<void, EngineUnavailable, R>
  /** Leads all callers to one instance. A flavor with a door does it by that. */
  readonly end: (instance: Instance) => Effect.Effect<void, EngineUnavailable, R>
}

/**
 * The means of canaries with their services.
 *
 * @category combining
 * @since 0.2.0
 */
export const provideToCanary = <S extends Settings.Deployment, R>(
  { end, lead, share }: Canary<S, R>,
  context: Context.Context<R>
): Canary<S> => {
  const given = Effect.provide(context)
  return {
    share: (request) => given(share(request)),
    lead: (accepted, candidate, parts) => given(lead(accepted, candidate, parts)),
    end: (instance) => given(end(instance))
  }
}

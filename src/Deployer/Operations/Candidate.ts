/** The steps of a change whose new instance becomes a candidate instead of the accepted one. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Share } from "../../Deployment/Candidate.js"
import type { OperationalState } from "../../Deployment.js"
import { DeploymentInvalidSettings } from "../../Errors/Input.js"
import type { EngineUnavailable, LeaseLost } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { Decision } from "../AuthKeys.js"
import type { PlanError } from "../Contract.js"
import { currentInstance, type DeployerContext } from "../DeployerContext.js"
import type { Request } from "../Requests.js"
import * as Door from "./Door.js"
import { lastState, type ProvisionContext, reference } from "./ProvisionContext.js"

/** The share of a candidate with these settings; fails if the deployment can have none. The caller holds the lease. */
export const shareOf = (
  context: DeployerContext,
  before: DeploymentRecord,
  { settings }: Request,
  percent: number
): Effect.Effect<Share, PlanError | EngineUnavailable> =>
  Effect.gen(function* () {
    const { canary } = context.backend
    const { desired, generation, name, status } = before.deployment
    if (canary === undefined) return yield* refused(`the flavor of "${name}" has none`)
    if (!(percent > 0 && percent < 100)) return yield* refused("the percentage must be above 0 and below 100")
    if (generation === 0 || desired !== "running" || status !== "running") {
      return yield* refused(`"${name}" does not serve; deploy it without a canary, or repair it first`)
    }
    if (context.backend.exclusive(lastState(before), settings)) {
      return yield* refused("both versions would need the same resource, such as a fixed port")
    }
    const { settings: acceptedSettings } = yield* context.requests.stored(before)
    return yield* canary.share({ accepted: currentInstance(before), acceptedSettings, settings, percent })
  })

/**
 * The keys of a candidate: those of the deployment, because callers cannot know which version answers. A change of the keys
 * by the settings is refused.
 */
export const sameKeys = (
  { authKey, authKeys }: DeploymentRecord,
  decided: Decision
): Effect.Effect<Decision, DeploymentInvalidSettings> =>
  decided.authKey?.digest === authKey?.digest
    ? Effect.succeed({ authKey, authKeys, outcome: "kept" })
    : refusedAt("auth", "a canary has the keys of its deployment; change the keys before or after it")

/** Makes the new instance the candidate in the registry. */
export const offer = (
  { checks, context, lease, operation, request }: ProvisionContext,
  share: Share,
  state: OperationalState
): Effect.Effect<DeploymentRecord, LeaseLost | StoreError> =>
  Effect.flatMap(DateTime.now, (since) =>
    context.deployments.offer(lease, operation, {
      generation: operation.generation,
      snapshot: reference(request.snapshot),
      share,
      metadata: state.metadata,
      checks,
      since,
      ...(state.url === undefined ? {} : { url: state.url })
    })
  )

/** Leads its share of the callers to the candidate and ends the operation. What fails here, reconciling finishes. */
export const leadShare = (
  { context, journal, lease, operation }: ProvisionContext,
  offered: DeploymentRecord
): Effect.Effect<void> =>
  Door.leadAccepted(context, lease, offered).pipe(
    Effect.zipRight(journal.emit("candidate_serves", candidateData(offered))),
    Effect.zipRight(context.deployments.finish(lease, operation)),
    Effect.catchAll((error) => Effect.logWarning("The candidate has no callers yet; reconciling leads them", error))
  )

// internal

const candidateData = ({ deployment: { candidate } }: DeploymentRecord): Readonly<Record<string, unknown>> =>
  candidate === undefined ? {} : { generation: candidate.generation, share: candidate.share }

const refusedAt = (path: string, reason: string) => new DeploymentInvalidSettings({ issues: [{ path, reason }] })

const refused = (reason: string) => refusedAt("canary", reason)

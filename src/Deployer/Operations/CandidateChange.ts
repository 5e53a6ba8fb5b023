/** The changes of a candidate that exists: it starts again, whole or for its share, and it goes away. */
import * as Effect from "effect/Effect"
import type { Candidate } from "../../Deployment/Candidate.js"
import { Deployment, type OperationalState } from "../../Deployment.js"
import {
  type DeploymentDeprovisionFailed,
  DeploymentProvisionFailed,
  DeploymentTimeout,
  type EngineUnavailable,
  type LeaseLost,
  type OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import { timeoutFail } from "../../Internal/Deadline.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import { liveKeys } from "../AuthKeys.js"
import type { ProvisionError } from "../Contract.js"
import { candidateInstance, currentInstance, type DeployerContext, graceOf, type Journal } from "../DeployerContext.js"
import * as Door from "./Door.js"
import { awaitHealthy } from "./HealthGate.js"
import { recordOf, reference } from "./ProvisionContext.js"

/** A candidate under a lease. */
export interface CandidateWork {
  readonly context: DeployerContext
  readonly lease: Lease
  /** The deployment with the candidate. */
  readonly record: DeploymentRecord
  readonly candidate: Candidate
  readonly journal: Journal
}

/** A candidate that serves in its whole size, with the parts of its revision. */
export interface Whole {
  readonly state: OperationalState
  readonly snapshot: Deployment["snapshot"]
  readonly settings: Readonly<Record<string, unknown>>
}

/** Starts the parts that a candidate lacks to serve all callers, and waits until all are healthy. */
export const startWhole = (work: CandidateWork): Effect.Effect<Whole, ProvisionError> => start(work, true)

/** Undoes {@link startWhole}. A candidate that cannot start for its share is broken, and reconciling removes it. */
export const startShare = (work: CandidateWork): Effect.Effect<void> =>
  Effect.catchAll(start(work, false), (error) =>
    Effect.logWarning(`The candidate of "${work.record.deployment.name}" may serve more than its share`, error)
  )

/** Leads all callers to the accepted instance, removes the candidate, and closes the operation. It can be repeated. */
export const withdraw = (
  { candidate, context, journal, lease, record }: CandidateWork,
  operation: Operation,
  reason: string
): Effect.Effect<
  Deployment,
  DeploymentDeprovisionFailed | DeploymentTimeout | EngineUnavailable | OutcomeUnknown | LeaseLost | StoreError
> =>
  Effect.gen(function* () {
    const { name } = record.deployment
    const grace = graceOf(record.settings)
    const timeoutMillis = grace + 30_000
    yield* Door.lead(context, lease, currentInstance(record))
    yield* context.leases
      .fenced(lease)(context.backend.deprovision(candidateInstance(record, candidate), candidate.metadata, { grace }))
      .pipe(
        timeoutFail({
          duration: timeoutMillis,
          onTimeout: () => new DeploymentTimeout({ name, operation: "abort", timeoutMillis, logs: [] })
        })
      )
    yield* journal.emit("candidate_removed", { generation: candidate.generation, reason })
    const { deployment } = yield* context.deployments.withdraw(lease, operation, reason)
    return deployment
  })

// internal

/** The snapshot, settings and secrets of the candidate, as its revision has them. */
const storedOf = ({ candidate, context, record }: CandidateWork) =>
  Effect.gen(function* () {
    const revisions = yield* context.deployments.revisions(record.deployment.id)
    const revision = revisions.find(({ generation }) => generation === candidate.generation)
    const deployment = new Deployment({ ...record.deployment, snapshot: candidate.snapshot })
    const encoded = revision?.settings ?? record.settings
    return { encoded, ...(yield* context.requests.stored({ ...record, deployment, settings: encoded })) }
  })

/** Starts the same instance again: only the number of its parts changes. */
const start = (work: CandidateWork, isWhole: boolean): Effect.Effect<Whole, ProvisionError> =>
  Effect.gen(function* () {
    const { candidate, context, journal, lease, record } = work
    const { encoded, ...stored } = yield* storedOf(work)
    const instance = candidateInstance(record, candidate)
    const registryId = yield* context.deployments.identity
    const { intake, name } = record.deployment
    const { settings, snapshot } = stored
    const request = {
      ...instance,
      ...stored,
      registryId,
      intake,
      keys: liveKeys(record),
      proofSecret: yield* context.authKeys.proofSecret(instance.deploymentId),
      record: recordOf(context, registryId, instance, {
        ...record,
        intake,
        snapshot,
        settings: encoded,
        isCandidate: !isWhole
      }),
      previous: candidate.metadata,
      ...(candidate.checks ? { check: { timeoutMillis: settings.timeoutMillis } } : {}),
      ...(isWhole ? {} : { share: candidate.share })
    }
    const prepared = yield* context.backend.prepare?.(request, journal.emit) ?? Effect.succeed(undefined)
    const { timeoutMillis } = settings
    const state = yield* context.leases
      .fenced(lease)(context.backend.provision({ ...request, prepared }))
      .pipe(
        Effect.flatMap(({ metadata }) => awaitHealthy(context, instance, settings.serving, metadata)),
        Effect.catchTag("InstanceEnded", ({ reason }) =>
          Effect.fail(new DeploymentProvisionFailed({ name, reason, logs: [] }))
        ),
        timeoutFail({
          duration: timeoutMillis,
          onTimeout: () => new DeploymentTimeout({ name, operation: "promote", timeoutMillis, logs: [] })
        })
      )
    return { state, snapshot: reference(snapshot), settings: encoded }
  })

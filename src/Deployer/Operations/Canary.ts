/** Decisions on a candidate: it is started, accepted, or removed. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Deployment } from "../../Deployment.js"
import { CanaryNotFound } from "../../Errors/Canary.js"
import type { LeaseLost } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord, Operation } from "../../Store/DeploymentStore.js"
import type { AbortError, CanaryOptions, PromoteError, RollbackError, SnapshotRef } from "../Contract.js"
import { currentInstance, type DeployerContext, graceOf, requireDeployment } from "../DeployerContext.js"
import { type CandidateWork, startShare, startWhole, type Whole, withdraw } from "./CandidateChange.js"
import * as CrashRecovery from "./CrashRecovery.js"
import * as Door from "./Door.js"
import { provision } from "./Provision.js"
import { instrument, reasonOf } from "./ProvisionContext.js"

/** Starts a snapshot as the candidate of a deployment. */
export const deploy = (
  context: DeployerContext,
  snapshot: SnapshotRef,
  { percent, ...options }: CanaryOptions
): Effect.Effect<Deployment, RollbackError> =>
  Effect.flatMap(requireDeployment(context.deployments, options.name), (known) =>
    provision(context, snapshot, { ...options, canary: { percent } }, known)
  )

/** Accepts the candidate, and removes the version before. A failure before the commit leaves the canary as it was. */
export const promote = (context: DeployerContext, ref: string): Effect.Effect<Deployment, PromoteError> =>
  onCandidate<Deployment, PromoteError>(context, ref, "promote", (work) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const { journal, lease } = work
        const operation = yield* begin(work, "promote")
        yield* journal.emit("intent_recorded", { generation: operation.generation })
        const started = yield* Effect.exit(restore(startWhole(work)))
        if (Exit.isFailure(started)) {
          yield* startShare(work)
          yield* context.deployments.abort(lease, operation, reasonOf(started.cause))
          return yield* Effect.failCause(started.cause)
        }
        yield* journal.emit("healthy", { url: started.value.state.url })
        const accepted = yield* commit(work, operation, started.value)
        yield* removeBefore(work, accepted, operation)
        return accepted.deployment
      })
    )
  )

/** Removes the candidate; with `generation` only that one. */
export const abort = (
  context: DeployerContext,
  ref: string,
  {
    generation,
    reason = "The canary was aborted."
  }: { readonly generation?: number | undefined; readonly reason?: string | undefined } = {}
): Effect.Effect<Deployment, AbortError> =>
  onCandidate<Deployment, AbortError>(context, ref, "abort", (work) =>
    Effect.gen(function* () {
      if (generation !== undefined && generation !== work.candidate.generation) {
        return yield* new CanaryNotFound({ name: work.record.deployment.name })
      }
      const operation = yield* begin(work, "abort")
      yield* work.journal.emit("intent_recorded", { generation: operation.generation })
      return yield* withdraw(work, operation, reason)
    })
  )

// internal

const begin = ({ context, journal, lease }: CandidateWork, kind: "promote" | "abort") =>
  context.deployments.begin(lease, { id: journal.operationId, kind })

/** Owner check, lease, the end of what a dead process left, and the candidate. */
const onCandidate = <A, E extends PromoteError | AbortError>(
  context: DeployerContext,
  ref: string,
  kind: "promote" | "abort",
  use: (work: CandidateWork) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const { deployment } = yield* Effect.flatMap(requireDeployment(context.deployments, ref), context.requests.owned)
    return yield* context.leases.hold(deployment, (lease) =>
      Effect.gen(function* () {
        yield* CrashRecovery.recoverUnder(context, lease, yield* requireDeployment(context.deployments, deployment.id))
        const record = yield* requireDeployment(context.deployments, deployment.id)
        const { candidate, name } = record.deployment
        if (candidate === undefined) return yield* new CanaryNotFound({ name })
        return yield* instrument(context, record, kind, (journal) =>
          use({ context, lease, record, candidate, journal })
        )
      })
    )
  })

/** A commit whose answer was lost counts if the registry has it; if it cannot be asked, reconciling decides. */
const commit = (
  { candidate, context, lease, record }: CandidateWork,
  operation: Operation,
  { settings, snapshot, state }: Whole
): Effect.Effect<DeploymentRecord, LeaseLost | StoreError> =>
  Effect.catchAll(
    context.deployments.commit(lease, operation, {
      snapshot,
      settings,
      state,
      authKey: record.authKey,
      authKeys: record.authKeys
    }),
    (error) =>
      Effect.flatMap(context.deployments.find(record.deployment.id), (found) =>
        Option.match(
          Option.filter(found, ({ deployment }) => deployment.generation === candidate.generation),
          { onNone: () => Effect.fail(error), onSome: Effect.succeed }
        )
      )
  )

/** Leads all callers to the new generation and removes the one before. What fails here, reconciling finishes. */
const removeBefore = (
  { context, journal, lease, record }: CandidateWork,
  accepted: DeploymentRecord,
  operation: Operation
): Effect.Effect<void> => {
  const { generation, metadata } = record.deployment
  const instance = currentInstance(accepted)
  const grace = graceOf(record.settings)
  const remove = context.leases.fenced(lease)(context.backend.deprovision(currentInstance(record), metadata, { grace }))
  return Effect.gen(function* () {
    yield* journal.emit("generation_committed", { generation: instance.generation, url: accepted.deployment.url })
    yield* Door.lead(context, lease, instance)
    yield* Effect.delay(remove, replaceGraceOf(accepted))
    yield* journal.emit("old_instance_removed", { generation })
    yield* Door.closeOthers(context, lease, instance, instance.generation)
    yield* context.deployments.finish(lease, operation)
  }).pipe(Effect.catchAll((error) => Effect.logWarning(`Generation ${generation} could not be removed yet`, error)))
}

/** The time in which callers that looked the old URL up may use it, in milliseconds. */
const replaceGraceOf = ({ settings: { oldInstanceGraceMillis } }: DeploymentRecord): number =>
  typeof oldInstanceGraceMillis === "number" ? oldInstanceGraceMillis : 0

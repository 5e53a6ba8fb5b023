import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { OperationalState } from "../../Deployment.js"
import type { LeaseLost } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { ProvisionError } from "../Contract.js"
import { currentInstance } from "../DeployerContext.js"
import * as Door from "./Door.js"
import { forgetQuietly, isFirst } from "./FirstAttempt.js"
import {
  lastLogs,
  newInstance,
  type ProvisionContext,
  reasonOf,
  reference,
  replacesServing,
  withLogs
} from "./ProvisionContext.js"
import { restartOld } from "./Restart.js"

/** Accepts the new generation: from here on the registry leads callers to it. */
export const commit = (
  { auth, context, journal, lease, operation, request }: ProvisionContext,
  state: OperationalState
): Effect.Effect<DeploymentRecord, LeaseLost | StoreError> =>
  context.deployments
    .commit(lease, operation, {
      snapshot: reference(request.snapshot),
      settings: request.encoded,
      state,
      authKey: auth.authKey,
      authKeys: auth.authKeys
    })
    .pipe(
      Effect.tap(() =>
        journal.emit("generation_committed", { generation: operation.generation, url: state.publicUrl ?? state.url })
      ),
      Effect.tap(() => (auth.outcome === "generated" ? journal.emit("auth_key_generated") : Effect.void)),
      Effect.tap(() => (auth.outcome === "removed" ? journal.emit("auth_key_removed") : Effect.void))
    )

/**
 * The deployment if the registry has the new generation, accepted or as its candidate, although {@link commit} failed: only the answer was lost. If this
 * look fails too, nothing may be undone, and the operation stays open for reconciling.
 */
export const findCommitted = ({
  context,
  lease,
  operation
}: ProvisionContext): Effect.Effect<Option.Option<DeploymentRecord>, StoreError> =>
  Effect.map(
    context.deployments.find(lease.deploymentId),
    Option.filter(
      ({ deployment: { candidate, generation } }) =>
        generation === operation.generation || candidate?.generation === operation.generation
    )
  )

/**
 * Ends the operation of a committed change: the door leads callers to the new instance; the old instance serves those that
 * looked its URL up before the commit, then drains and is removed. A failure here does not fail the change: an old instance that cannot be removed now keeps
 * the operation open, and reconciling removes it.
 */
export const removeOld = (self: ProvisionContext): Effect.Effect<void> => {
  const { before, context, lease, operation } = self
  const nothingLeft = before.deployment.generation === 0 || self.exclusive
  const instance = newInstance(self)
  return Door.lead(context, lease, instance).pipe(
    Effect.zipRight(nothingLeft ? Effect.void : drainOld(self)),
    Effect.zipRight(Door.closeOthers(context, lease, instance, instance.generation)),
    Effect.zipRight(context.deployments.finish(lease, operation)),
    Effect.catchAll((error) =>
      Effect.logWarning(`Generation ${before.deployment.generation} could not be removed yet`, error)
    )
  )
}

/**
 * Undoes a failed or interrupted change: removes the new instance, starts the old one again if it had to stop, closes the
 * operation, and fails with the same failure and the last log lines of the new instance. Changes nothing when the lease was
 * lost, because another process changes the deployment then.
 */
export const rollback = (
  self: ProvisionContext,
  cause: Cause.Cause<ProvisionError>
): Effect.Effect<never, ProvisionError> =>
  Effect.gen(function* () {
    const { context, lease, operation } = self
    const logs = yield* context.leases.fenced(lease)(lastLogs(context, newInstance(self), operation.startedAt))
    const removed = yield* removeNew(self)
    if (removed) yield* close(self, reasonOf(cause))
    if (yield* Ref.get(self.oldStopped)) yield* restartOld(self)
    return yield* Effect.failCause(Cause.map(cause, (error) => withLogs(error, logs)))
  })

// internal

/** A first attempt leaves only its events. */
const close = ({ before, context, lease, operation }: ProvisionContext, reason: string) =>
  isFirst(before) ? forgetQuietly(context, lease, before) : context.deployments.abort(lease, operation, reason)

const drainOld = (self: ProvisionContext) => {
  const { before, context, journal, lease, request } = self
  const { generation, metadata } = before.deployment
  return context.leases
    .fenced(lease)(
      context.backend.deprovision(currentInstance(before), metadata, { grace: request.settings.stopGraceMillis })
    )
    .pipe(
      Effect.delay(replacesServing(self) ? request.settings.oldInstanceGraceMillis : 0),
      Effect.zipRight(journal.emit("old_instance_removed", { generation }))
    )
}

const acceptedOf = ({ deployment: { generation } }: DeploymentRecord): number | undefined =>
  generation > 0 ? generation : undefined

/** An instance that cannot be removed keeps its operation open, so that reconciling removes it later. */
const removeNew = (self: ProvisionContext): Effect.Effect<boolean> =>
  self.context.leases
    .fenced(self.lease)(self.context.backend.deprovision(newInstance(self), {}, { grace: 0 }))
    .pipe(
      Effect.zipRight(Door.closeOthers(self.context, self.lease, newInstance(self), acceptedOf(self.before))),
      Effect.zipRight(self.journal.emit("instance_removed", { generation: self.operation.generation })),
      Effect.as(true),
      Effect.catchAll((error) =>
        Effect.as(Effect.logWarning(`Generation ${self.operation.generation} could not be removed yet`, error), false)
      )
    )

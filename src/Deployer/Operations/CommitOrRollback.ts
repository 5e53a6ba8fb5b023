import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { OperationalState } from "../../Deployment.js"
import type { LeaseLost } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { ProvisionError } from "../Contract.js"
import { currentInstance } from "../DeployerContext.js"
import { reasonOf, withLogs } from "./FailureText.js"
import { lastLogs, newInstance, type ProvisionContext, reference, replacesServing } from "./ProvisionContext.js"
import { restoreOld } from "./Restart.js"

/** Accepts the new generation. From here on callers are led to it. */
export const commit = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  { auth, journal, kit, lease, operation, request }: ProvisionContext<S, SI>,
  state: OperationalState
): Effect.Effect<DeploymentRecord, LeaseLost | StoreError> =>
  kit.deployments
    .commit(lease, operation, {
      snapshot: reference(request.snapshot),
      settings: request.encoded,
      state,
      authKey: auth.authKey
    })
    .pipe(
      Effect.tap(() => journal.emit("generation_committed", { generation: operation.generation, url: state.url })),
      Effect.tap(() => (auth.outcome === "generated" ? journal.emit("auth_key_generated") : Effect.void)),
      Effect.tap(() => (auth.outcome === "removed" ? journal.emit("auth_key_removed") : Effect.void))
    )

/**
 * The deployment if the new generation was accepted although {@link commit} failed: only the answer was lost. Fails if
 * that cannot be found out; then nothing may be taken back, and the operation stays open for reconciling.
 */
export const acceptedAfterAll = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>({
  kit,
  lease,
  operation
}: ProvisionContext<S, SI>): Effect.Effect<Option.Option<DeploymentRecord>, StoreError> =>
  Effect.map(
    kit.deployments.find(lease.deploymentId),
    Option.filter(({ deployment }) => deployment.generation === operation.generation)
  )

/**
 * Lets the instance of the generation before serve those who looked its URL up before the commit, drains and removes it,
 * and with that ends the operation. If it cannot be removed now, the operation stays open and reconciling removes it: the
 * change itself has succeeded.
 */
export const removeOld = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>
): Effect.Effect<void> => {
  const { before, kit, lease, operation } = self
  const nothingLeft = before.deployment.generation === 0 || self.exclusive
  return (nothingLeft ? Effect.void : drainOld(self)).pipe(
    Effect.zipRight(kit.deployments.finish(lease, operation)),
    Effect.catchAll((error) =>
      Effect.logWarning(`Generation ${before.deployment.generation} could not be removed yet`, error)
    )
  )
}

/**
 * Takes a failed or interrupted change back: removes the new instance, restores the old one if it had to stop, closes
 * the operation, and fails with the same failure, the new instance's last log lines attached. Touches nothing when the
 * lease was lost, because then somebody else is at work.
 */
export const undo = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>,
  cause: Cause.Cause<ProvisionError>
): Effect.Effect<never, ProvisionError> =>
  Effect.gen(function* () {
    const { kit, lease, operation } = self
    const instance = newInstance(self)
    const logs = yield* kit.leases.fenced(lease)(lastLogs(kit, instance, operation.startedAt))
    const removed = yield* removeNew(self)
    if (removed) yield* kit.deployments.abort(lease, operation, reasonOf(cause))
    if (yield* Ref.get(self.oldStopped)) yield* restoreOld(self)
    return yield* Effect.failCause(Cause.map(cause, (error) => withLogs(error, logs)))
  })

// internal

const drainOld = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>
) => {
  const { before, journal, kit, lease, request } = self
  const { generation, metadata } = before.deployment
  return kit.leases
    .fenced(lease)(
      kit.backend.deprovision(currentInstance(before), metadata, { grace: request.settings.stopGraceMillis })
    )
    .pipe(
      Effect.delay(replacesServing(self) ? request.settings.lingerMillis : 0),
      Effect.zipRight(journal.emit("old_instance_removed", { generation }))
    )
}

/** An instance that cannot be removed keeps its operation open, so that reconciling removes it later. */
const removeNew = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>
): Effect.Effect<boolean> =>
  self.kit.leases
    .fenced(self.lease)(self.kit.backend.deprovision(newInstance(self), {}, { grace: 0 }))
    .pipe(
      Effect.zipRight(self.journal.emit("instance_removed", { generation: self.operation.generation })),
      Effect.as(true),
      Effect.catchAll((error) =>
        Effect.as(Effect.logWarning(`Generation ${self.operation.generation} could not be removed yet`, error), false)
      )
    )

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { type Deployment, DeploymentId } from "../../Deployment.js"
import { CanaryActive } from "../../Errors/Canary.js"
import { DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import type { DeploymentRecord, Lease } from "../../Store/DeploymentStore.js"
import type { ProvisionError, SnapshotRef } from "../Contract.js"
import type { DeployerContext, Journal } from "../DeployerContext.js"
import type { Request, RequestOptions } from "../Requests.js"
import { leadShare, offer, sameKeys, shareOf } from "./Candidate.js"
import * as CommitOrRollback from "./CommitOrRollback.js"
import * as CrashRecovery from "./CrashRecovery.js"
import { forgetQuietly, isFirst } from "./FirstAttempt.js"
import { instrument, lastState, type ProvisionContext, reference } from "./ProvisionContext.js"
import { startInstance } from "./StartInstance.js"

/**
 * Makes a deployment serve a snapshot: validation, lease, intent, new instance, health, commit, removal of the old instance.
 * Callers see no change before the commit; a failure or interruption before it is undone.
 */
export const provision = (
  context: DeployerContext,
  snapshot: SnapshotRef,
  options: RequestOptions,
  known?: DeploymentRecord
): Effect.Effect<Deployment, ProvisionError> =>
  Effect.flatMap(context.requests.provision(snapshot, options, known), (request) =>
    provisionRequested(context, request, options)
  )

/** The same for a request that was validated. */
export const provisionRequested = (
  context: DeployerContext,
  request: Request,
  options: RequestOptions
): Effect.Effect<Deployment, ProvisionError> =>
  Effect.gen(function* () {
    const { deployment } = request.existing ?? (yield* insert(context, request, options))
    return yield* context.leases.hold(deployment, (lease) => change(context, lease, request, options))
  }).pipe(Effect.catchTag("RowGone", () => again(context, request, options)))

// internal

/** The row was removed before the lease was there. */
class RowGone extends Schema.TaggedError<RowGone>()("RowGone", {}) {}

/** A first attempt of another process that failed leaves no row, and this one adds it again. */
const again = (context: DeployerContext, request: Request, options: RequestOptions) =>
  request.existing === undefined || isFirst(request.existing)
    ? provisionRequested(context, { ...request, existing: undefined }, options)
    : Effect.fail(
        new DeploymentProvisionFailed({
          name: request.name,
          reason: "it was deleted in the meantime; repeat the command to create it again",
          logs: []
        })
      )

/** Adds the deployment. If another process adds the same name first and replacing is allowed, its row is changed. */
const insert = (context: DeployerContext, request: Request, options: RequestOptions) =>
  Effect.gen(function* () {
    const draft = {
      id: DeploymentId.make(yield* context.ids.next),
      name: request.name,
      deployer: { flavor: context.backend.flavor, name: context.backend.name },
      snapshot: reference(request.snapshot)
    }
    const inserted = yield* Effect.either(context.deployments.insert(draft))
    if (Either.isRight(inserted)) return inserted.right
    if (inserted.left._tag === "StoreError" || options.replace === false) return yield* inserted.left
    const found = yield* context.deployments.find(request.name)
    return yield* Option.isNone(found) ? inserted.left : context.requests.owned(found.value)
  })

const change = (context: DeployerContext, lease: Lease, request: Request, options: RequestOptions) =>
  Effect.gen(function* () {
    const found = yield* readUnderLease(context, lease)
    yield* CrashRecovery.removeLeftovers(context, lease, found)
    const before = found.deployment.candidate === undefined ? found : yield* readUnderLease(context, lease)
    const { candidate, name } = before.deployment
    if (candidate !== undefined) return yield* new CanaryActive({ name, generation: candidate.generation })
    const { canary } = options
    const share = canary === undefined ? undefined : yield* shareOf(context, before, request, canary.percent)
    return yield* instrument(context, before, canary === undefined ? "provision" : "canary", (journal) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          yield* journal.emit("lease_acquired", { holder: lease.holder })
          const { auth, operation } = yield* Effect.onError(
            begin(context, lease, journal, before, request, options),
            () => forgetQuietly(context, lease, before)
          )
          yield* journal.emit("intent_recorded", {
            generation: operation.generation,
            snapshot: request.snapshot.label
          })
          const exclusive = isExclusive(context, before, request)
          const checks = request.snapshot.spec.check === true && options.check !== false
          const gate = gateOf(request, options)
          const oldStopped = yield* Ref.make(false)
          return yield* attempt(
            { context, lease, request, before, operation, journal, auth, exclusive, checks, gate, oldStopped, share },
            restore
          )
        })
      )
    )
  })

/** Decides the key and records the intent. */
const begin = (
  context: DeployerContext,
  lease: Lease,
  { operationId }: Journal,
  existing: DeploymentRecord,
  { encoded, settings, snapshot }: Request,
  { authKey, canary, removeAuthKeys = false, rotateAuthKey = false }: RequestOptions
) =>
  Effect.all({
    auth: Effect.flatMap(
      context.authKeys.decide({
        deploymentId: existing.deployment.id,
        auth: settings.auth,
        existing,
        given: authKey,
        rotate: rotateAuthKey,
        removeAll: removeAuthKeys
      }),
      (decided) => (canary === undefined ? Effect.succeed(decided) : sameKeys(existing, decided))
    ),
    operation: context.deployments.begin(lease, {
      id: operationId,
      kind: canary === undefined ? "provision" : "canary",
      snapshotId: snapshot.id,
      settings: encoded,
      by: context.leases.actor
    })
  })

const readUnderLease = (context: DeployerContext, lease: Lease) =>
  Effect.flatMap(
    context.deployments.find(lease.deploymentId),
    Option.match({ onNone: () => Effect.fail(new RowGone()), onSome: Effect.succeed })
  )

const isExclusive = (context: DeployerContext, before: DeploymentRecord, { settings }: Request) =>
  before.deployment.generation > 0 &&
  before.deployment.desired === "running" &&
  context.backend.exclusive(lastState(before), settings)

const gateOf = ({ name }: Request, { gate = Effect.void }: RequestOptions) =>
  Effect.mapError(gate, ({ message }) => new DeploymentProvisionFailed({ name, reason: message, logs: [] }))

/** From the recorded intent to its end; uninterruptible except inside `restore`. */
const attempt = (
  self: ProvisionContext,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<Deployment, ProvisionError> =>
  Effect.gen(function* () {
    const healthy = yield* Effect.exit(restore(startInstance(self)))
    if (Exit.isFailure(healthy)) return yield* CommitOrRollback.rollback(self, healthy.cause)
    const { share } = self
    const record = yield* Effect.catchAllCause(
      share === undefined ? CommitOrRollback.commit(self, healthy.value) : offer(self, share, healthy.value),
      (cause) =>
        Effect.flatMap(
          CommitOrRollback.findCommitted(self),
          Option.match({ onNone: () => CommitOrRollback.rollback(self, cause), onSome: Effect.succeed })
        )
    )
    yield* share === undefined ? CommitOrRollback.removeOld(self) : leadShare(self, record)
    return record.deployment
  })
